// Someone new: the packed packages, an empty folder, and the README or the template alone.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { connectWitness, uniqueName } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { projectRoot } from '@activity/testbed/paths';
import { blocksOf } from '../checks/markdown.ts';
import { read } from '../checks/sources.ts';
import { published, readPublishing, type Published } from './publishing.ts';
import { stage } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'new-project-'));
let tarballs: Record<Published, string>;

/** Runs commands of a page in a folder; throws where one fails, with what it printed. */
function run(commands: string, cwd: string): string {
  // A person's terminal has nothing of the npm and the vitest that run these tests.
  const others =
    /^(npm_(lifecycle|package|command|node)|NODE_(ENV|OPTIONS|COMPILE_CACHE)|VITEST|FORCE_COLOR)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !others.test(name)));
  return execFileSync('bash', ['-e', '-c', commands], {
    cwd,
    encoding: 'utf8',
    timeout: 240_000,
    env: { ...env, npm_config_prefer_offline: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

beforeAll(() => {
  const publishing = readPublishing(projectRoot);
  const staged = stage({ root: projectRoot, out: join(folder, 'staged'), publishing, tag: 'v0.1.0' });
  tarballs = Object.fromEntries(
    published.map((name) => {
      const [packed = ''] = run(`npm pack --silent --pack-destination ${folder}`, staged[name])
        .trim()
        .split('\n');
      return [name, join(folder, packed)];
    }),
  ) as typeof tarballs;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the README alone leads to a join with a test', { timeout: 300_000 }, () => {
  const project = join(folder, 'orders');
  mkdirSync(project);
  const readme = read('packages/streams/README.md');
  const section = /^## Start with a join\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
  // The packages are not on npm yet: the names stand for the packed files.
  const install = `npm install ${tarballs.kafka} ${tarballs.streams}\n`;
  const outputs = blocksOf(section).map(({ text, mark }) => {
    const [, file] = /^\/\/ ([\w.-]+)\n/.exec(text) ?? [];
    if (mark === 'run')
      return run(
        text.replace('npm install @activity/streams\n', () => install),
        project,
      );
    if (file === undefined) throw new Error(`a block is neither a file nor a command to run:\n${text}`);
    writeFileSync(join(project, file), text);
    return '';
  });
  expect(outputs.at(-1)).toMatch(/pass 1\n/);
});

test(
  'a project of the template is ready within 60 s, and runs on a broker',
  { timeout: 300_000 },
  async () => {
    const began = Date.now();
    const tool = join(folder, 'tool');
    mkdirSync(tool);
    run(`npm init --yes && npm install ${tarballs['create-streams-app']}`, tool);
    run('npx create-streams-app ../word-count', tool);
    const project = join(folder, 'word-count');
    // The packages are not on npm yet: the project gets the packed files for their names.
    const file = join(project, 'package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> };
    manifest.dependencies['@activity/streams'] = `file:${tarballs.streams}`;
    writeFileSync(
      file,
      JSON.stringify({ ...manifest, overrides: { '@activity/kafka': `file:${tarballs.kafka}` } }),
    );
    run('npm install', project);
    expect(run('npm test', project)).toMatch(/pass 1\n/);
    const seconds = (Date.now() - began) / 1000;
    console.log(`The project of the template was ready after ${seconds.toFixed(1)} s.`);
    expect(seconds).toBeLessThan(60);

    // `npm start`, with topics that no other test has.
    const [lines, counts] = [uniqueName('lines'), uniqueName('word-counts')];
    const topology = join(project, 'src', 'topology.ts');
    const text = readFileSync(topology, 'utf8')
      .replace("'lines'", `'${lines}'`)
      .replace("'word-counts'", `'${counts}'`);
    writeFileSync(topology, text);
    await using witness = await connectWitness(servers().kafka);
    await witness.createTopic(lines, 1);
    await witness.createTopic(counts, 1);
    await witness.send(lines, [{ key: '1', value: 'be or be' }]);
    const env = { ...process.env, KAFKA_BROKERS: servers().kafka };
    const child = spawn(process.execPath, ['src/main.ts'], { cwd: project, env, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const written = async (): Promise<string[]> =>
      (await witness.readCommitted(counts)).map(({ key, value }) => `${key} ${value}`);
    try {
      await vi.waitFor(async () => expect(await written()).toEqual(['be 1', 'or 1', 'be 2']), {
        timeout: 40_000,
        interval: 100,
      });
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toBe(0);
  },
);
