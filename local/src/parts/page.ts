// The query service's page, built before whatever serves it starts:
// in a moment where its sources have not changed.
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import { Problem } from '@activity/testbed/process/problem';
import { run } from '@activity/testbed/process/run';

/** Builds the page where that is needed. @throws Problem with the build's words */
export async function ensurePage(signal?: AbortSignal): Promise<void> {
  const args = [join(projectRoot, 'query', 'page', 'build.ts')];
  const { code, output } = await run({ file: process.execPath, args, cwd: projectRoot }, { signal });
  if (code !== 0) throw new Problem('building the page of the query service failed', { detail: output });
}
