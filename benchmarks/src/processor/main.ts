// `npm run bench:processor`: the same job on packages/streams, on Kafka Streams and as a bare loop, in turn
// on one broker.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '@activity/testbed';
import { begin } from '../shared/begin.ts';
import type { Admin } from 'kafkajs';
import { candidates, prepareJava, type Candidate } from './candidates.ts';
import { connect, createTopics, writeInput, wrongIn, type Expected } from './kafka.ts';
import { median } from '../shared/median.ts';
import { atLeast, conclude } from '../shared/outcome.ts';
import { rotated } from '../shared/rotated.ts';
import { rateOf } from './rate.ts';

begin(`npm run bench:processor

The same job on packages/streams, on Kafka Streams and as a bare loop, in turn on one broker.

Set by the environment:
  BENCH_RECORDS   how many records; 500000 by default
  BENCH_ROUNDS   how often each candidate is measured; 3 by default
  BENCH_ONLY   the candidates to run, separated by commas; all by default
  BENCH_OTHER   root of another checkout of this project, installed; its job runs too, as ours-other`);

const records = Number(process.env['BENCH_RECORDS'] ?? 500_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const only = process.env['BENCH_ONLY']?.split(',');
const other = process.env['BENCH_OTHER'];
const partitions = 4;
const input = 'bench-input';
const want = { 'ours/java-tuned': 3, 'ours/naive-send': 1, 'ours/ours-other': 0.95 };

/** Runs a candidate over the whole input; returns its rate, and the topics of its results. */
async function measure(
  candidate: Candidate,
  address: string,
  admin: Admin,
  round: number,
): Promise<{ rate: number; enriched: string; counts: string }> {
  const applicationId = `${candidate.name}-${round}`;
  const [enriched, counts, changelog] = [
    `${applicationId}-enriched`,
    `${applicationId}-counts`,
    `${applicationId}-changelog`,
  ];
  await createTopics(admin, [enriched, counts, changelog], partitions);
  const stateDir = mkdtempSync(join(tmpdir(), 'bench-state-'));
  const { file, args } = candidate.command({
    brokers: address,
    applicationId,
    input,
    enriched,
    counts,
    stateDir,
  });
  try {
    const { whole: rate } = await rateOf({
      name: candidate.name,
      file,
      args,
      running: 'STATE RUNNING',
      admin,
      group: applicationId,
      input,
      records,
      timeoutMs: 120_000,
    });
    return { rate, enriched, counts };
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

const classpath = prepareJava(join(import.meta.dirname, '../../../.cache'));
const compared = candidates(classpath, other).filter(({ name }) => only?.includes(name) ?? true);
const broker = await startBroker({ heapMb: 1024, config: { 'log.segment.bytes': 268_435_456 } });
const kafka = connect(broker.address);
const admin = kafka.admin();
const wrong: string[] = [];
let exitCode = 1;
try {
  await admin.connect();
  await createTopics(admin, [input], partitions);
  console.log(`writing ${records} records`);
  const unique = await writeInput(kafka, input, {
    records,
    users: 10_000,
    duplicates: 0.05,
    spanMs: 300_000,
  });
  console.log(`${unique} of them are unique; ${rounds} rounds`);
  const rates = new Map<string, number[]>();
  // The broker's JVM is cold at first: a run that is not counted, so that nobody pays for being the first.
  for (const candidate of compared.slice(0, 2)) await measure(candidate, broker.address, admin, 0);
  for (let round = 1; round <= rounds; round++) {
    for (const candidate of rotated(compared, round)) {
      const { rate, enriched, counts } = await measure(candidate, broker.address, admin, round);
      rates.set(candidate.name, [...(rates.get(candidate.name) ?? []), rate]);
      // Each event is in a minute and in an hour.
      const expected: Expected = { enriched, unique, totals: [{ topic: counts, sum: 2 * unique }] };
      const found = await wrongIn(kafka, expected);
      wrong.push(...found);
      console.log(
        `round ${round}  ${candidate.name.padEnd(15)} ${Math.round(rate).toLocaleString('en')} records/s, ` +
          (found.length === 0 ? 'logs and counts are right' : 'WRONG'),
      );
    }
  }
  console.log('\n| candidate | median records/s | all |\n|---|---|---|');
  const figures: { [name: string]: number } = {};
  for (const [name, values] of rates) {
    figures[name] = Math.round(median(values));
    console.log(
      `| ${name} | ${figures[name].toLocaleString('en')} | ${values.map((v) => Math.round(v).toLocaleString('en')).join(', ')} |`,
    );
  }
  const ratio = (a: string, b: string): number => {
    const pairs = (rates.get(a) ?? []).map((value, i) => value / (rates.get(b)?.[i] ?? Number.NaN));
    return Math.round(median(pairs) * 100) / 100;
  };
  const ratios = {
    'ours/java-tuned': ratio('ours', 'java-tuned'),
    'ours/java-window': ratio('ours', 'java-window'),
    'ours/naive-send': ratio('ours', 'naive-send'),
    'ours/ours-other': ratio('ours', 'ours-other'),
  };
  const targets = Object.fromEntries(
    Object.entries(want)
      .filter(([name]) => !Number.isNaN(ratios[name as keyof typeof want]))
      .map(([name, target]) => {
        const got = ratios[name as keyof typeof want];
        return [name, atLeast(target, got)];
      }),
  );
  exitCode = conclude({ bench: 'processor', figures, ratios, targets, wrong });
} finally {
  await admin.disconnect();
  await broker.stop();
}
process.exit(exitCode);
