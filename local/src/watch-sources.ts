// `npm run dev`: restarts the services whose source has changed.
import { watch } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@activity/testbed/paths';
import type { Pipeline } from './pipeline/pipeline.ts';

const settleMs = 200;
const sources = /\.(tsx?|css|svg)$/;

// The parts that run each folder's code.
const users: Record<string, string[]> = {
  ingest: ['ingest'],
  query: ['query'],
  // Its start builds the page.
  'query/page': ['query'],
  processor: ['processor'],
  connect: ['connect'],
  'packages/kafka': ['ingest', 'processor', 'connect', 'query'],
  'packages/streams': ['processor'],
  'packages/catalogue': ['ingest', 'query', 'processor'],
  'packages/contracts': ['ingest', 'query', 'processor', 'connect'],
  'packages/service': ['ingest', 'query', 'processor', 'connect'],
};

/** Watches the sources and reloads what they are part of. Goes on until the process ends. */
export function watchSources(pipeline: Pipeline, report: (part: string, line: string) => void): void {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  async function reload(): Promise<void> {
    const parts = [...changed];
    changed.clear();
    await Promise.all(
      parts.map(async (part) => {
        report(part, 'its source has changed: restarting it');
        if (await pipeline.reload(part)) report(part, 'restarted');
        else report(part, 'waits for its source to change again');
      }),
    );
  }
  for (const [folder, parts] of Object.entries(users)) {
    watch(join(projectRoot, folder, 'src'), { recursive: true }, (_event, file) => {
      if (file === null || !sources.test(file) || file.endsWith('.test.ts')) return;
      for (const part of parts) changed.add(part);
      clearTimeout(timer);
      timer = setTimeout(() => void reload(), settleMs);
    }).unref();
  }
  report('launcher', 'watching the sources');
}
