import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTopic, startEdge } from './edge.fixture.ts';
import type { RunningEdge } from './edge.fixture.ts';
import { throwHostileRequests } from './hostile-run.fixture.ts';

const run = promisify(execFile);
const topic = 'edge-hostile-slow';
const settings = join(import.meta.dirname, '..', 'schemathesis');
let edge: RunningEdge;

beforeAll(async () => {
  const { kafka } = servers();
  await createTopic(kafka, topic, 2);
  edge = await startEdge({ KAFKA_BROKERS: kafka, KAFKA_TOPIC: topic });
});

afterAll(() => {
  edge?.process.kill('SIGKILL');
});

test('100,000 malformed requests: no 5xx, no crash, memory flat, and what was acknowledged is written', async () => {
  const seen = await throwHostileRequests(edge, { broker: servers().kafka, topic }, 100_000);
  // The generator reaches what it is meant to reach.
  for (const status of [201, 202, 207, 400, 404, 405, 413, 415])
    expect(seen.get(status) ?? 0).toBeGreaterThan(5);
}, 1_800_000);

test('schemathesis finds nothing against the OpenAPI document', async () => {
  const schemathesis = await install('schemathesis', '4.32.5');
  const { stdout } = await run(
    schemathesis,
    [
      `--config-file=${join(settings, 'schemathesis.toml')}`,
      'run',
      `${edge.url}/openapi.json`,
      '--max-examples=200',
      '--workers=2',
      '--no-color',
      // JSON Schema cannot say what MongoDB and doubles cannot hold; a batch answers 207 whatever is in it.
      '--exclude-checks=positive_data_acceptance,negative_data_rejection',
    ],
    {
      cwd: dirname(schemathesis), // where it leaves what it notes down
      env: {
        ...process.env,
        SCHEMATHESIS_HOOKS: 'hooks',
        PYTHONPATH: settings,
      },
      maxBuffer: 10_000_000,
    },
  ).catch((error: { stdout?: string }) => ({ stdout: `FAILED ${error.stdout}` }));
  expect(stdout).not.toMatch(/^FAILED/);
  expect(stdout).toContain('No issues found');
  await edge.healthy();
});

/** Installs a Python tool into the cache, once, and says where it is. */
async function install(tool: string, version: string): Promise<string> {
  const folder = join(import.meta.dirname, '..', '..', '.cache', `${tool}-${version}`);
  const program = join(folder, 'bin', tool);
  if (!existsSync(program)) {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', `${tool}==${version}`]);
  }
  return program;
}
