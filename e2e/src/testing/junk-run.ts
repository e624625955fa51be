// A run of junk against a real processor on a real broker: what became of each record.
import '@activity/testbed/testing/mend-kafkajs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { topicEnvironment, topicsNamed, type Topics } from '@activity/contracts';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { createTopics, readJudged } from './judged.ts';
import { junkSource, maxRecordBytes, type RawInput } from './junk-records.ts';
import { randomOf } from '@activity/testbed/testing/random';
import { residentMib } from '@activity/testbed/testing/resident';
import { expect } from 'vitest';
import { startService, type ServiceProcess } from './service-process.ts';

/** What came of a run. */
interface JunkRun {
  /** Records that were not what they were to be, as `what it was to be ≠ what it was, and its value`. */
  wrong: string[];
  /** How many dead letters there were for each reason. */
  letters: Record<string, number>;
  stored: number;
  /** The lines of the processor's log that name a failure. */
  failures: string[];
  exitCode: number | null;
  /** How much larger the processor was after all records than after a quarter of them, in MiB. */
  grownMib: number;
}

const partitions = 3;

/** Where a record of the raw topic is. */
type Place = string;

/**
 * Runs `count` records of a seed: each becomes what it is to be, there are dead letters for every reason,
 * `leastStored` logs are stored, and the processor ends in order.
 */
export async function expectJunkJudged(
  brokers: string,
  { seed, count, leastStored }: { seed: number; count: number; leastStored: number },
): Promise<void> {
  const { wrong, letters, stored, failures, exitCode, grownMib } = await runJunk(brokers, seed, count);
  expect(wrong).toEqual([]);
  expect(failures).toEqual([]);
  expect(exitCode).toBe(0);
  console.log(`${count} records: the processor grew by ${Math.round(grownMib)} MiB after a quarter of them.`);
  expect(grownMib).toBeLessThan(64);
  expect(stored).toBeGreaterThan(leastStored);
  expect(Object.keys(letters).toSorted()).toEqual([
    'invalid',
    'too-deep',
    'too-large',
    'undecodable',
    'wrong-partition',
  ]);
}

/** Writes `count` records of a seed, and waits until the processor has judged them all. */
async function runJunk(brokers: string, seed: number, count: number): Promise<JunkRun> {
  const name = `junk-${seed}-${process.pid}`;
  const topics = topicsNamed(name);
  const kafka = new Kafka({ clientId: name, brokers: [brokers], logLevel: logLevel.ERROR });
  const stateDir = mkdtempSync(join(tmpdir(), 'activity-junk-'));
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false, maxInFlightRequests: 1 });
  await Promise.all([admin.connect(), producer.connect()]);
  let processor: ServiceProcess | undefined;
  const reader = kafka.consumer({ groupId: `${name}-reader`, readUncommitted: false, maxWaitTimeInMs: 100 });
  try {
    await createTopics(admin, topics, partitions);
    const env = environmentOf(topics, { brokers, name, stateDir });
    const judged = await readJudged(reader, topics, 'reason');
    processor = await startService('processor', env);
    await processor.until(200, 180_000);
    const sent = new Map<Place, RawInput>();
    const next = junkSource(randomOf(seed), partitions, Date.now());
    let settledMib = 0;
    for (let left = count; left > 0; left -= 200) {
      await send(producer, topics.raw, Array.from({ length: Math.min(200, left) }, next), sent);
      await sendStateJunk(producer, topics);
      if (settledMib > 0 || left > count * 0.75) continue;
      await untilJudged(judged, sent, processor);
      settledMib = residentMib(processor.pid);
    }
    await untilJudged(judged, sent, processor);
    const grownMib = residentMib(processor.pid) - settledMib;
    // What it has kept comes from its topics again, junk and all.
    const exitCode = await processor.stop();
    const first = processor.output();
    rmSync(stateDir, { recursive: true, force: true });
    processor = await startService('processor', env);
    await processor.until(200, 180_000);
    await send(producer, topics.raw, Array.from({ length: 40 }, next), sent);
    await untilJudged(judged, sent, processor);
    return {
      ...comparison(judged, sent),
      grownMib,
      exitCode: exitCode === 0 ? await processor.stop() : exitCode,
      failures: failuresIn(first + processor.output()),
    };
  } finally {
    await processor?.stop();
    await reader.disconnect();
    await producer.disconnect();
    await admin.deleteTopics({ topics: Object.values(topics) }).catch(() => {});
    await admin.disconnect();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

function environmentOf(
  topics: Topics,
  { brokers, name, stateDir }: { brokers: string; name: string; stateDir: string },
): Record<string, string> {
  return {
    KAFKA_BROKERS: brokers,
    KAFKA_GROUP_ID: name,
    STATE_DIR: stateDir,
    ...topicEnvironment(topics),
    MAX_RECORD_BYTES: String(maxRecordBytes),
    LOG_LEVEL: 'info',
  };
}

/** Writes records in their order, and notes where each is. */
async function send(
  producer: Producer,
  topic: string,
  inputs: readonly RawInput[],
  sent: Map<Place, RawInput>,
): Promise<void> {
  for (const [partition, records] of Map.groupBy(inputs, (input) => input.partition)) {
    // One request a batch: several kinds are nearly as large as a request may be.
    for (const input of records) {
      const { key, value, headers } = input;
      const [result] = await producer.send({ topic, messages: [{ partition, key, value, headers }] });
      sent.set(`${partition}/${result?.baseOffset}`, input);
    }
  }
}

/** Junk in the topics that the processor restores its state from, or writes only. */
async function sendStateJunk(producer: Producer, topics: Topics): Promise<void> {
  const values = ['{', 'null', '[]', '1', '{}', '"x"', '{"deletedAt":1}', '', Buffer.from([0xff, 0xfe])];
  const keys = ['user-1', 'user-2', '0', '1', 'minute|', null, Buffer.from([0xff]), 'k'.repeat(5_000), ''];
  const pairs = keys.flatMap((key) => [...values, null].map((value) => ({ key, value })));
  for (const topic of [topics.users, topics.globalCounts, topics.decisions, topics.erasures]) {
    // A compacted topic takes no record without a key.
    const keyed = pairs.filter(({ key }) => key !== null);
    for (let partition = 0; partition < partitions; partition++) {
      // As old as can be, of now, and as far ahead as a broker takes it.
      for (const time of [0, Date.now(), Date.now() + 3_500_000]) {
        const messages = keyed.map(({ key, value }) => ({ key, value, partition, timestamp: String(time) }));
        await producer.send({ topic, messages });
      }
    }
  }
}

async function untilJudged(
  judged: ReadonlyMap<Place, string>,
  sent: ReadonlyMap<Place, RawInput>,
  processor: ServiceProcess,
): Promise<void> {
  let [seen, changedAt] = [0, Date.now()];
  while (judged.size < sent.size && processor.exitCode() === null && Date.now() - changedAt < 120_000) {
    if (judged.size > seen) [seen, changedAt] = [judged.size, Date.now()];
    await sleep(100);
  }
}

function comparison(
  judged: ReadonlyMap<Place, string>,
  sent: ReadonlyMap<Place, RawInput>,
): Pick<JunkRun, 'wrong' | 'letters' | 'stored'> {
  const wrong: string[] = [];
  const letters: Record<string, number> = {};
  let stored = 0;
  for (const [place, { reason = 'stored', key, value }] of sent) {
    const found = judged.get(place) ?? 'nothing';
    if (found !== reason)
      wrong.push(`${reason} ≠ ${found}: ${String(key).slice(0, 40)} ${String(value).slice(0, 300)}`);
    if (found === 'stored') stored++;
    else letters[found] = (letters[found] ?? 0) + 1;
  }
  return { wrong, letters, stored };
}

function failuresIn(output: string): string[] {
  return output.split('\n').filter((line) => /"level":"?(error|fatal|50|60)|start failed|Error:/.test(line));
}
