// `npm run bench:edge`: this edge beside a bare Hono handler and the usual Express service,
// in one run on loopback.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve as absolute } from 'node:path';
import { startBroker } from '@activity/testbed';
import { readArguments } from '@activity/service';
import { Kafka, logLevel } from 'kafkajs';
import { serve, type Server } from '../shared/serve.ts';
import type { LoadOptions, LoadResult } from './load.ts';

readArguments({
  usage: `npm run bench:edge

This edge beside a bare Hono handler and the usual Express service, in one run on loopback.

Set by the environment:
  BENCH_ROUNDS   how often each candidate is measured; 3 by default
  BENCH_SECONDS   how long it is measured, in seconds; 5 by default
  BENCH_OTHER   root of another checkout of this project, installed: its edge runs beside this one, as
    edge-other, and no other server`,
});

const here = import.meta.dirname;
const repository = join(here, '..', '..', '..');
const edgeScript = join('ingest', 'src', 'main.ts');
const topic = 'bench-edge';
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const other = process.env['BENCH_OTHER'];
const measureMs = Number(process.env['BENCH_SECONDS'] ?? 5) * 1_000;

async function load(options: LoadOptions): Promise<LoadResult> {
  const child = spawn(process.execPath, [join(here, 'load.ts'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'exit');
  return JSON.parse(output) as LoadResult;
}

async function createKeys(folder: string): Promise<{ file: string; key: string }> {
  const file = join(folder, 'keys.json');
  const cli = spawn(
    process.execPath,
    [join(repository, 'packages/service/src/keys/cli.ts'), 'create', '--name', 'bench', '--scope', 'ingest'],
    { env: { ...process.env, API_KEYS_FILE: file }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let key = '';
  cli.stdout.setEncoding('utf8').on('data', (text: string) => {
    key += text;
  });
  await once(cli, 'exit');
  return { file, key: key.trim() };
}

function median(results: readonly LoadResult[]): LoadResult {
  const sorted = results.toSorted((a, b) => a.requestsPerSecond - b.requestsPerSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}

const folder = await mkdtemp(join(tmpdir(), 'bench-edge-'));
const broker = await startBroker();
const servers: Server[] = [];
try {
  const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
  await admin.createTopics({ topics: [{ topic, numPartitions: 4, replicationFactor: 1, configEntries }] });
  await admin.disconnect();

  const { file, key } = await createKeys(folder);
  const kafkaEnvironment = { KAFKA_BROKERS: broker.address, KAFKA_TOPIC: topic };
  const candidates: { name: string; port: number; headers: Record<string, string> }[] = [];
  async function add(name: string, script: string, environment: Record<string, string>): Promise<void> {
    const server = await serve(script, environment);
    servers.push(server);
    const headers: Record<string, string> = name.startsWith('edge') ? { authorization: `Bearer ${key}` } : {};
    candidates.push({ name, port: server.port, headers });
  }
  const edgeEnvironment = {
    ...kafkaEnvironment,
    API_KEYS_FILE: file,
    RATE_LIMIT_PER_KEY: '10000000',
    RATE_LIMIT_PER_ADDRESS: '10000000',
  };
  await add('edge', join(repository, edgeScript), edgeEnvironment);
  if (other === undefined) {
    await add('bare-hono', join(here, 'bare-hono.ts'), {});
    await add('express-kafkajs', join(here, '..', 'shared', 'express-kafkajs.ts'), {
      ...kafkaEnvironment,
      NODE_ENV: 'production',
    });
    await add('bare-node', join(here, 'bare-node.ts'), {});
  } else {
    await add('edge-other', join(absolute(other), edgeScript), edgeEnvironment);
  }
  const runs = new Map<string, LoadResult[]>();
  async function measure(name: string, options: LoadOptions): Promise<void> {
    const result = await load(options);
    runs.set(name, [...(runs.get(name) ?? []), result]);
    console.log(
      `${name.padEnd(28)} ${String(result.requestsPerSecond).padStart(7)} requests/s  p50 ${result.p50} ms  p99 ${result.p99} ms  max ${result.max} ms${result.unexpected > 0 ? `  UNEXPECTED ANSWERS: ${result.unexpected}` : ''}`,
    );
  }

  const common = { path: '/api/logs', warmupMs: 1_500, measureMs, events: 1, expect: 201 };
  // Compilers are let do their work before anything is measured. The broker's takes longest: at first a round
  // costs it four times what it costs later, and whoever writes waits for it.
  for (let round = 0; round < 4; round++) {
    for (const { port, headers } of candidates) {
      await load({ ...common, port, headers, connections: 32, warmupMs: 0, measureMs: 4_000 });
    }
  }
  for (let round = 0; round < rounds; round++) {
    for (const connections of [32, 128]) {
      for (const { name, port, headers } of candidates) {
        await measure(`${name} @${connections}`, { ...common, port, headers, connections });
      }
    }
    const batches = { ...common, path: '/api/logs/batch', connections: 32, events: 100, expect: 207 };
    for (const { name, port, headers } of candidates)
      if (name.startsWith('edge')) await measure(`${name} batches of 100 @32`, { ...batches, port, headers });
  }

  const medians = Object.fromEntries([...runs].map(([name, results]) => [name, median(results)]));
  function rate(name: string): number {
    return medians[name]?.requestsPerSecond ?? 0;
  }
  console.table(medians);
  if (other !== undefined) {
    for (const what of ['@32', '@128', 'batches of 100 @32']) {
      const pairs = (runs.get(`edge ${what}`) ?? []).map(
        ({ requestsPerSecond }, n) =>
          requestsPerSecond / (runs.get(`edge-other ${what}`)?.[n]?.requestsPerSecond ?? Number.NaN),
      );
      console.log(`edge/edge-other ${what}: ${pairs.map((pair) => pair.toFixed(3)).join(', ')}`);
    }
  } else {
    function ratio(of: string, to: string): [string, number][] {
      return [32, 128].map((connections) => [
        `${of}/${to} @${connections}`,
        Math.round((rate(`${of} @${connections}`) / rate(`${to} @${connections}`)) * 100) / 100,
      ]);
    }
    const compared = Object.fromEntries([...ratio('edge', 'bare-hono'), ...ratio('edge', 'express-kafkajs')]);
    // How far any one process on Node could be ahead of Express.
    const ratios = { ...compared, ...Object.fromEntries(ratio('bare-node', 'express-kafkajs')) };
    const p99 = medians['edge @32']?.p99 ?? Infinity;
    const events = rate('edge batches of 100 @32') * 100;
    const targets = Object.fromEntries([
      ...Object.entries(compared).map(([name, got]) => {
        const want = name.includes('bare') ? 0.65 : 10;
        return [name, { want, got, met: got >= want }] as const;
      }),
      ['edge p99 ms @32', { want: 15, got: p99, met: p99 < 15 }],
      ['edge batch events/s', { want: 100_000, got: events, met: events >= 100_000 }],
    ]);
    console.log(JSON.stringify({ bench: 'edge', figures: medians, ratios, targets }));
  }
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await broker.stop();
  await rm(folder, { recursive: true });
}
