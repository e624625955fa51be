// End to end, on a stack that is open to this machine;
// last what README and the guide for getting started show.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf } from '@activity/deploy/checks/markdown';
import { consoleLines } from '@activity/deploy/round-trip/console-lines';
import { play } from '@activity/deploy/round-trip/play';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { projectRoot } from '@activity/testbed/paths';
import { loopback } from '@activity/testbed/process/ports';
import { run } from '@activity/testbed/process/run';
import { testPipeline, type Running } from './testing/pipeline-run.ts';

const running = testPipeline({ secure: false });

/** Runs a command of a page as someone would paste it, on the ports of this stack. */
async function paste(command: string, { ports, dataDir }: Running): Promise<string> {
  const moved = command
    .replaceAll(`${loopback}:3000/`, `${loopback}:${ports.ingest}/`)
    .replaceAll(`${loopback}:3001/`, `${loopback}:${ports.query}/`);
  const env = {
    DATA_DIR: dataDir,
    KAFKA_BROKERS: `${loopback}:${ports.kafka}`,
    MONGODB_URI: mongoUrl(ports.mongodb),
  };
  const { code, output } = await run({ file: 'bash', args: ['-ec', moved], cwd: projectRoot, env });
  expect(code, `${moved}\n${output}`).toBe(0);
  return output;
}

test('other users of the machine can read nothing of the data and the logs', async () => {
  const { output } = await run({ file: 'find', args: [running().dataDir, '-perm', '/077'] });
  expect(output).toBe('');
});

const pages = ['README.md', join('docs', 'getting-started.md')];

test.each(pages)(
  'what %s shows is what happens',
  async (page) => {
    const markdown = readFileSync(join(projectRoot, page), 'utf8');
    const lines = consoleLines(markdown);
    expect(lines.length).toBeGreaterThan(3);
    await play(lines, { run: (command) => paste(command, running()) });
    for (const { mark, text } of blocksOf(markdown)) if (mark === 'run') await paste(text, running());
  },
  120_000,
);
