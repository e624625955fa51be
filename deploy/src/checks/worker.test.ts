// The image's Kafka Connect worker is set up as the one of `npm start` is.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultKafkaVersion } from '@activity/testbed/tools';
import { connectSpec } from '@activity/testbed/servers/connect';
import { read } from './sources.ts';

// Where it listens, and where Kafka and the plugins are.
const differ = new Set(['bootstrap.servers', 'listeners', 'plugin.path', 'rest.advertised.host.name']);

function settingsOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return Object.fromEntries(pairs.filter(([name]) => !differ.has(name ?? '')));
}

test('alike', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'activity-worker-'));
  try {
    const home = {
      java: { file: 'java', version: '', major: 17 },
      folder,
      version: defaultKafkaVersion,
      classpath: '',
      plugins: folder,
      archives: folder,
    };
    const spec = connectSpec({ home, brokers: 'kafka:9092', port: 8083, dataDir: folder, logFile: '' });
    await spec.prepare?.(AbortSignal.timeout(1_000));
    const ofLauncher = settingsOf(readFileSync(join(folder, 'connect.properties'), 'utf8'));
    expect(settingsOf(read('deploy/kafka-connect/worker.properties'))).toEqual(ofLauncher);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
