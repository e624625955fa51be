// End to end, on a stack that is open to this machine;
// last what README and the guide for getting started show.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf } from '../../deploy/src/checks/markdown.ts';
import { consoleLines } from '../../deploy/src/round-trip/console-lines.ts';
import { play } from '../../deploy/src/round-trip/play.ts';
import { mongoUrl } from './parts/mongo.ts';
import { projectRoot } from './paths.ts';
import { loopback } from './process/ports.ts';
import { run } from './process/run.ts';
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
