// Before all integration tests: starts the servers they share; after them: stops these.
import type { TestProject } from 'vitest/node';
import { startShared } from './shared-servers.ts';

/** vitest calls this once before the tests of a project, and what it returns once after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = await startShared((line) => console.log(line));
  project.provide('servers', shared.servers);
  return () => shared.stop();
}
