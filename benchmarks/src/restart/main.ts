// `npm run bench:restart`: how soon a processor with a million keys works again after a SIGKILL, from its local state
// and from its changelog alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startBroker } from '@activity/local';
import { Partitioners } from 'kafkajs';
import { connect, createTopics } from '../processor/kafka.ts';

const keys = Number(process.env['BENCH_KEYS'] ?? 1_000_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const [applicationId, input, output] = ['restart', 'restart-input', 'restart-output'];

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

function run(address: string, stateDir: string): Run {
  const app = join(import.meta.dirname, 'app.ts');
  const args = ['--max-semi-space-size=64', app, address, applicationId, input, output, stateDir];
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
const stateDir = mkdtempSync(join(tmpdir(), 'bench-restart-'));
try {
  await Promise.all([admin.connect(), producer.connect()]);
  await createTopics(admin, [input, output], 4);
  console.log(`writing ${keys} keys`);
  for (let i = 0; i < keys; i += 10_000) {
    const messages = Array.from({ length: Math.min(10_000, keys - i) }, (_, j) => ({
      key: `user-${i + j}`,
      value: 'x',
    }));
    await producer.send({ topic: input, messages });
  }
  let app = run(broker.address, stateDir);
  await app.until(() => total(app.lines, 'committed') >= keys);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const local: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await kill(app);
    await producer.send({
      topic: input,
      messages: Array.from({ length: 100 }, (_, i) => ({ key: `user-${i}`, value: 'x' })),
    });
    app = run(broker.address, stateDir);
    const { began } = app;
    const first = await app.until((line) => (line.committed ?? 0) > 0);
    local.push(first.at - began);
    console.log(`from local state: working again ${first.at - began} ms after the process began`);
  }
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await kill(app);
    rmSync(stateDir, { recursive: true, force: true });
    app = run(broker.address, stateDir);
    const restarted = app;
    await restarted.until((line) => line.state === 'RUNNING');
    const restoring = restarted.lines.filter(({ restored }) => restored !== undefined);
    const seconds =
      ((restoring.at(-1)?.at ?? 0) - (restarted.lines.find(({ state }) => state === 'RESTORING')?.at ?? 0)) /
      1000;
    const records = total(restoring, 'restored');
    rates.push(records / seconds);
    console.log(
      `from the changelog: ${records} records in ${seconds.toFixed(2)} s, ${Math.round(records / seconds)} a second`,
    );
  }
  await kill(app);
  const median = (values: number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  const figures = { 'local-restart-ms': median(local), 'restore-records-per-s': Math.round(median(rates)) };
  const targets = {
    'local-restart-ms': {
      want: 2000,
      got: figures['local-restart-ms'],
      met: figures['local-restart-ms'] <= 2000,
    },
    'restore-records-per-s': {
      want: 200_000,
      got: figures['restore-records-per-s'],
      met: figures['restore-records-per-s'] >= 200_000,
    },
  };
  console.log(`\n| what | median |\n|---|---|`);
  for (const [name, value] of Object.entries(figures))
    console.log(`| ${name} | ${value.toLocaleString('en')} |`);
  console.log(JSON.stringify({ bench: 'restart', figures, ratios: {}, targets }));
} finally {
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  await broker.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
process.exit();
