// `npm run bench:restart`: how soon a processor with a million keys works again after a SIGKILL, from its
// local state and from its changelog alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startBroker } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import { Partitioners } from 'kafkajs';
import { median } from '../shared/median.ts';
import { atLeast, atMost, conclude, type Target } from '../shared/outcome.ts';
import { connect, createTopics } from '../processor/kafka.ts';
import type { Kind } from './job.ts';

begin(`npm run bench:restart

How soon a processor with a million keys works again after a SIGKILL, from its local state and from its changelog alone.

Set by the environment:
  BENCH_KEYS   how many keys; 1000000 by default
  BENCH_ROUNDS   how often each candidate is measured; 3 by default`);

const keys = Number(process.env['BENCH_KEYS'] ?? 1_000_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const input = 'restart-input';
const kinds: readonly Kind[] = ['counts', 'ids'];

interface Line {
  at: number;
  state?: string;
  restored?: number;
  remaining?: number;
  committed?: number;
  rss?: number;
}

interface Run {
  child: ChildProcess;
  began: number;
  lines: Line[];
  /** Resolves with the first line that fits. */
  until: (fits: (line: Line) => boolean) => Promise<Line>;
}

function run(address: string, stateDir: string, kind: Kind): Run {
  const app = join(import.meta.dirname, 'app.ts');
  const names = [`restart-${kind}`, input, `restart-output-${kind}`];
  const args = ['--max-semi-space-size=64', app, address, ...names, stateDir, kind];
  const began = Date.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Line[] = [];
  const waiting: { fits: (line: Line) => boolean; resolve: (line: Line) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    for (const { resolve } of waiting.filter(({ fits }) => fits(line))) resolve(line);
  });
  const until = (fits: (line: Line) => boolean): Promise<Line> => {
    const found = lines.find(fits);
    return found ? Promise.resolve(found) : new Promise((resolve) => waiting.push({ fits, resolve }));
  };
  return { child, began, lines, until };
}

async function kill({ child }: Run): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

function total(lines: readonly Line[], field: 'restored' | 'committed'): number {
  return lines.reduce((sum, line) => sum + (line[field] ?? 0), 0);
}

const broker = await startBroker({ heapMb: 1024 });
const kafka = connect(broker.address);
const admin = kafka.admin();
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });

function messages(from: number, count: number): { key: string; value: string }[] {
  return Array.from({ length: count }, (_, i) => ({ key: `user-${from + i}`, value: `event-${from + i}` }));
}

/** Milliseconds to work again from local state, and records a second from the changelog, of each round. */
async function measure(kind: Kind): Promise<{ local: number[]; rates: number[] }> {
  const stateDir = mkdtempSync(join(tmpdir(), 'bench-restart-'));
  let app = run(broker.address, stateDir, kind);
  try {
    await app.until(() => total(app.lines, 'committed') >= keys);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const local: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await kill(app);
      await producer.send({ topic: input, messages: messages(0, 100) });
      app = run(broker.address, stateDir, kind);
      const { began } = app;
      const first = await app.until((line) => (line.committed ?? 0) > 0);
      local.push(first.at - began);
      console.log(`${kind}, from local state: working again ${first.at - began} ms after the process began`);
    }
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await kill(app);
      rmSync(stateDir, { recursive: true, force: true });
      app = run(broker.address, stateDir, kind);
      const restarted = app;
      await restarted.until((line) => line.state === 'RUNNING');
      const restoring = restarted.lines.filter(({ restored }) => restored !== undefined);
      const began = restarted.lines.find(({ state }) => state === 'RESTORING')?.at ?? 0;
      const seconds = ((restoring.at(-1)?.at ?? 0) - began) / 1000;
      const records = total(restoring, 'restored');
      rates.push(records / seconds);
      console.log(
        `${kind}, from the changelog: ${records} records in ${seconds.toFixed(2)} s, ${Math.round(records / seconds)} a second`,
      );
    }
    return { local, rates };
  } finally {
    await kill(app);
    rmSync(stateDir, { recursive: true, force: true });
  }
}

let exitCode = 1;
try {
  await Promise.all([admin.connect(), producer.connect()]);
  await createTopics(admin, [input, ...kinds.map((kind) => `restart-output-${kind}`)], 4);
  console.log(`writing ${keys} keys`);
  for (let i = 0; i < keys; i += 10_000) {
    await producer.send({ topic: input, messages: messages(i, Math.min(10_000, keys - i)) });
  }
  const figures: { [name: string]: number } = {};
  const targets: Record<string, Target> = {};
  for (const kind of kinds) {
    const { local, rates } = await measure(kind);
    const [restart, restore] = [median(local), Math.round(median(rates))];
    figures[`${kind}-local-restart-ms`] = restart;
    figures[`${kind}-restore-records-per-s`] = restore;
    targets[`${kind}-local-restart-ms`] = atMost(2_000, restart);
    targets[`${kind}-restore-records-per-s`] = atLeast(200_000, restore);
  }
  console.log(`\n| what | median |\n|---|---|`);
  for (const [name, value] of Object.entries(figures))
    console.log(`| ${name} | ${value.toLocaleString('en')} |`);
  exitCode = conclude({ bench: 'restart', figures, ratios: {}, targets, wrong: [] });
} finally {
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  await broker.stop();
}
process.exit(exitCode);
