// Before all integration tests: starts a set of servers for each lane; after them: stops all.
import type { TestProject } from 'vitest/node';
import { startShared } from './shared-servers.ts';

/** vitest calls this once before the tests of a project, and what it returns once after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const lanes = Math.min(project.config.maxWorkers, project.vitest.state.getPaths().length);
  const report = (line: string): void => console.log(line);
  const started = await Promise.allSettled(Array.from({ length: lanes }, () => startShared(report)));
  async function stop(): Promise<void> {
    await Promise.all(started.map(async (one) => one.status === 'fulfilled' && one.value.stop()));
  }
  const failed = started.find((one) => one.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  project.provide(
    'servers',
    started.flatMap((one) => (one.status === 'fulfilled' ? [one.value.servers] : [])),
  );
  return stop;
}
