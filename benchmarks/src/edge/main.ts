// `npm run bench:edge`: this edge beside a bare Hono handler and the usual Express service,
// in one run on loopback.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve as absolute } from 'node:path';
import { text } from 'node:stream/consumers';
import { startBroker } from '@activity/testbed';
import { startOtlpReceiver } from '@activity/testbed/testing/otlp-receiver';
import { begin } from '../shared/begin.ts';
import { Kafka, logLevel } from 'kafkajs';
import { offsetsIn } from '../processor/kafka.ts';
import { startChild } from '../shared/child.ts';
import { atLeast, atMost, conclude, type Target } from '../shared/outcome.ts';
import { pairRatios } from '../shared/figures.ts';
import { median as medianOf } from '../shared/median.ts';
import { rotated } from '../shared/rotated.ts';
import { serve, type Server } from '../shared/serve.ts';
import type { LoadOptions, LoadResult } from './load.ts';

begin(`npm run bench:edge

This edge beside a bare Hono handler and the usual Express service, in one run on loopback.

Set by the environment:
  BENCH_ROUNDS   how often each candidate is measured; 3 by default
  BENCH_SECONDS   how long it is measured, in seconds; 5 by default
  BENCH_OTHER   root of another checkout of this project, installed: its edge runs beside this one, as
    edge-other, and no other server
  BENCH_TRACES   1: this edge with spans of OpenTelemetry, sent to a collector, runs beside itself without, as
    edge-other, and no other server`);

const here = import.meta.dirname;
const repository = join(here, '..', '..', '..');
const edgeScript = join('ingest', 'src', 'main.ts');
const topic = 'bench-edge';
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const isTraced = process.env['BENCH_TRACES'] === '1';
const other = isTraced ? repository : process.env['BENCH_OTHER'];
const measureMs = Number(process.env['BENCH_SECONDS'] ?? 5) * 1_000;

async function load(options: LoadOptions): Promise<LoadResult> {
  const child = startChild(join(here, 'load.ts'), [JSON.stringify(options)]);
  return JSON.parse(await text(child.stdout)) as LoadResult;
}

interface Candidate {
  name: string;
  port: number;
  headers: Record<string, string>;
  /** Whether what it accepts is in the topic. */
  writes: boolean;
}

async function createKeys(folder: string): Promise<{ file: string; key: string }> {
  const file = join(folder, 'keys.json');
  const cli = spawn(
    process.execPath,
    [join(repository, 'packages/service/src/keys/cli.ts'), 'create', '--name', 'bench', '--scope', 'ingest'],
    { env: { ...process.env, API_KEYS_FILE: file }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let key = '';
  cli.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    key += chunk;
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
const wrong: string[] = [];
let exitCode = 1;
try {
  const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
  await admin.createTopics({ topics: [{ topic, numPartitions: 4, replicationFactor: 1, configEntries }] });

  const { file, key } = await createKeys(folder);
  const kafkaEnvironment = { KAFKA_BROKERS: broker.address, KAFKA_TOPIC: topic };
  const candidates: Candidate[] = [];
  async function add(name: string, script: string, environment: Record<string, string>): Promise<void> {
    const server = await serve(script, environment);
    servers.push(server);
    const headers: Record<string, string> = name.startsWith('edge') ? { authorization: `Bearer ${key}` } : {};
    candidates.push({ name, port: server.port, headers, writes: 'KAFKA_TOPIC' in environment });
  }
  const edgeEnvironment = {
    ...kafkaEnvironment,
    API_KEYS_FILE: file,
    RATE_LIMIT_PER_KEY: '10000000',
    RATE_LIMIT_PER_ADDRESS: '10000000',
  };
  await using collector = isTraced ? await startOtlpReceiver() : undefined;
  await add('edge', join(repository, edgeScript), {
    ...edgeEnvironment,
    ...(collector && { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
  });
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
  /** How many records the topic has. */
  async function written(): Promise<number> {
    return offsetsIn(admin, topic);
  }
  /** Loads a candidate and checks that everything it has acknowledged is in the topic, and nothing else. */
  async function checked(what: string, writes: boolean, options: LoadOptions): Promise<LoadResult> {
    const before = await written();
    const result = await load(options);
    const records = (await written()) - before;
    const wanted = writes ? result.accepted : 0;
    if (records !== wanted)
      wrong.push(`${what}: acknowledged ${result.accepted} events, and the topic grew by ${records}`);
    if (result.unexpected > 0) wrong.push(`${what}: ${result.unexpected} unexpected answers`);
    return result;
  }
  async function measure(name: string, writes: boolean, options: LoadOptions): Promise<void> {
    const result = await checked(name, writes, options);
    runs.set(name, [...(runs.get(name) ?? []), result]);
    const { requestsPerSecond, wholePerSecond, p50, p99, max, generator } = result;
    console.log(
      `${name.padEnd(28)} ${String(requestsPerSecond).padStart(7)} requests/s  (${wholePerSecond} with the warm-up)  ` +
        `p50 ${p50} ms  p99 ${p99} ms  max ${max} ms  generator ${Math.round(generator * 100)} % of a processor`,
    );
  }

  const common = { path: '/api/logs', warmupMs: 1_500, measureMs, events: 1, expect: 201 };
  // Compilers are let do their work before anything is measured. The broker's takes longest: at first a round
  // costs it four times what it costs later, and whoever writes waits for it.
  for (let round = 1; round <= 4; round++) {
    for (const { name, port, headers, writes } of rotated(candidates, round)) {
      const options = { ...common, port, headers, connections: 32, warmupMs: 0, measureMs: 4_000 };
      await checked(`${name}, warming up`, writes, options);
    }
  }
  for (let round = 1; round <= rounds; round++) {
    const order = rotated(candidates, round);
    for (const connections of [32, 128]) {
      for (const { name, port, headers, writes } of order) {
        await measure(`${name} @${connections}`, writes, { ...common, port, headers, connections });
      }
    }
    const batches = { ...common, path: '/api/logs/batch', connections: 32, events: 100, expect: 207 };
    for (const { name, port, headers, writes } of order)
      if (name.startsWith('edge'))
        await measure(`${name} batches of 100 @32`, writes, { ...batches, port, headers });
  }

  const medians = Object.fromEntries([...runs].map(([name, results]) => [name, median(results)]));
  function rate(name: string): number {
    return medians[name]?.requestsPerSecond ?? 0;
  }
  console.table(medians);
  let ratios: Record<string, number> = {};
  let targets: Record<string, Target> = {};
  if (other !== undefined) {
    for (const what of ['@32', '@128', 'batches of 100 @32']) {
      const rates = (name: string): number[] =>
        (runs.get(`${name} ${what}`) ?? []).map(({ requestsPerSecond }) => requestsPerSecond);
      const pairs = pairRatios(rates('edge'), rates('edge-other'));
      ratios[`edge/edge-other ${what}`] = Math.round(medianOf(pairs) * 1_000) / 1_000;
      console.log(`edge/edge-other ${what}: ${pairs.map((pair) => pair.toFixed(3)).join(', ')}`);
    }
    if (collector !== undefined) {
      console.log(`The collector received ${collector.spans.length} spans.`);
      if (collector.spans.length === 0) wrong.push('no span was received');
      targets = Object.fromEntries(Object.entries(ratios).map(([name, got]) => [name, atLeast(0.97, got)]));
    }
  } else {
    function ratio(of: string, to: string): [string, number][] {
      return [32, 128].map((connections) => [
        `${of}/${to} @${connections}`,
        Math.round((rate(`${of} @${connections}`) / rate(`${to} @${connections}`)) * 100) / 100,
      ]);
    }
    const toNode = ratio('edge', 'bare-node');
    ratios = Object.fromEntries([
      ...toNode,
      ...ratio('edge', 'bare-hono'),
      ...ratio('edge', 'express-kafkajs'),
      // How far any one process on Node could be ahead of Express.
      ...ratio('bare-node', 'express-kafkajs'),
    ]);
    targets = {
      ...Object.fromEntries(toNode.map(([name, got]) => [name, atLeast(0.75, got)])),
      'edge p99 ms @32': atMost(15, medians['edge @32']?.p99 ?? Number.NaN),
      'edge batch events/s': atLeast(250_000, rate('edge batches of 100 @32') * 100),
    };
  }
  exitCode = conclude({ bench: 'edge', figures: medians, ratios, targets, wrong });
  await admin.disconnect();
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  await broker.stop();
  await rm(folder, { recursive: true });
}
process.exit(exitCode);
