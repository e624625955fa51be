// Whatever comes into the raw topic, and whatever happens to the process: what can be read in the end is what
// the oracle says.
import * as fc from 'fast-check';
import { defaultTopics, ledgerClasses, topicSchemas, type SchemaTopic } from '@activity/contracts';
import { bytesSerde, jsonSerde } from '@activity/streams';
import { expect, test } from 'vitest';
import { maxBytes, playHistory, rawHistories, type Raw, type RawHistory } from '../testing/histories.ts';
import { workOut, type Expected } from '../testing/oracle.ts';
import { addedUp } from '../testing/added-up.ts';
import { headerOf, openPipeline, takeOver, type Output, type TestPipeline } from '../testing/pipeline.ts';

const graceMs = 600_000;
const dedupeMs = 3_600_000;
const countStateMs = 2 * 3_600_000;
const seeds = Number(process.env['ACTIVITY_SEEDS'] ?? (process.env['TEST_ALL'] === '1' ? 60 : 30));
/**
 * Looking for the smallest history that fails takes as long as it is given, and no test's timeout ends it.
 */
const interruptAfterTimeLimit = 200_000;

type Document = Record<string, unknown>;

function documents(records: readonly Output[]): Document[] {
  return [...new Map(records.map(({ value = {} }) => [value['_id'], value])).values()];
}

function line(...words: readonly unknown[]): string {
  return words.map(String).join(' ');
}

function milliseconds(time: unknown): number {
  return Date.parse(String(time));
}

/**
 * What readers see when the sink has stored everything, of one application after the other, and the eraser
 * has been.
 */
function readAll(...pipelines: readonly TestPipeline[]): Expected {
  function read(topic: Parameters<TestPipeline['read']>[0]): Output[] {
    return pipelines.flatMap((pipeline) => pipeline.read(topic));
  }
  const erased = new Map(read('erasures').map(({ value = {} }) => [value['userId'], Number(value['_id'])]));
  function remains(document: Document, id: unknown): boolean {
    return !('deletedAt' in document) && Number(id) > (erased.get(document['userId']) ?? -1);
  }
  const stored = documents(read('enriched'));
  const minutes = documents(read('globalCounts'));
  const letters = pipelines.flatMap((pipeline) => pipeline.deadLetters());
  const all: Expected = {
    logs: stored
      .filter((log) => remains(log, log['_id']))
      .map(({ _id, userId, eventId, activityType, timestamp, late }) => {
        const text = line(_id, [userId, eventId, activityType].join('/'), milliseconds(timestamp));
        return late === true ? `${text} late` : text;
      }),
    // The record of a merge of sessions is no document: the sink updates logs by it.
    markers: stored.filter((log) => 'deletedAt' in log && !('merge' in log)).map(({ _id }) => String(_id)),
    ...addedUp(
      documents(read('counts')).filter((count) => remains(count, count['lastId'])),
      minutes,
    ),
    users: documents(read('users'))
      .filter((user) => remains(user, user['lastId']))
      .map(({ _id, total, rolling, firstSeen, lastSeen }) => {
        const { last5m, last1h, last24h } = rolling as Document;
        const counts = [last5m, last1h, last24h].join(',');
        return line(_id, total, counts, milliseconds(firstSeen), milliseconds(lastSeen));
      }),
    minutes: minutes.map(({ _id, total }) => line(_id, total)),
    deadLetters: letters.map((letter) => headerOf(letter, 'dead-letter.reason') ?? ''),
    ledger: ledgerLines(documents(read('ledger'))),
  };
  for (const list of Object.values(all) as string[][]) list.sort();
  return all;
}

/** The sums of all minutes, which must be what the entry for all says. */
function ledgerLines(entries: readonly Document[]): string[] {
  const fields = [...ledgerClasses, 'late', 'deleted', 'erased'];
  const sums = new Map<string, number>();
  const alls = new Map<string, number>();
  for (const entry of entries) {
    for (const field of fields) {
      const name = line(entry['partition'], field);
      const to = entry['minute'] === undefined ? alls : sums;
      to.set(name, (to.get(name) ?? 0) + Number(entry[field]));
    }
  }
  // Equal where the application has read all from the beginning.
  if (entries.every(({ firstOffset, minute }) => minute !== undefined || firstOffset === 0))
    expect(sums).toEqual(alls);
  return [...sums].filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
}

function rawOf({ happenings }: RawHistory): Raw[] {
  return happenings.filter((one) => typeof one !== 'string');
}

function open(partitions: number): TestPipeline {
  return openPipeline({ partitions, commits: 'manual', graceMs, dedupeMs, countStateMs, maxBytes });
}

/** Every record of every topic is what the topic's schema says. */
function expectSchemas({ driver }: TestPipeline): void {
  for (const topic of Object.keys(topicSchemas) as SchemaTopic[]) {
    if (topic === 'raw') continue;
    const serdes = { key: bytesSerde, value: jsonSerde<unknown>() };
    for (const { value } of driver.output(defaultTopics[topic], serdes).readAll()) {
      const parsed = topicSchemas[topic].safeParse(value);
      if (!parsed.success) throw new Error(`${topic}: ${JSON.stringify(value)}: ${parsed.error.message}`);
    }
  }
}

test('what can be read in the end is what the oracle says', () => {
  fc.assert(
    fc.property(rawHistories, (history) => {
      const pipeline = open(history.partitions);
      playHistory(pipeline, history);
      expectSchemas(pipeline);
      expect(readAll(pipeline)).toEqual(workOut(rawOf(history), graceMs, dedupeMs));
    }),
    { numRuns: seeds, interruptAfterTimeLimit },
  );
}, 300_000);

/** The same topology under another application id. */
function openAgain(partitions: number, before: TestPipeline, from: number): TestPipeline {
  const again = open(partitions);
  takeOver(again, before, { partitions, from });
  return again;
}

test('all of it read again under another application id comes to the same', () => {
  fc.assert(
    fc.property(rawHistories, (history) => {
      const pipeline = open(history.partitions);
      playHistory(pipeline, history);
      const again = openAgain(history.partitions, pipeline, 0);
      playHistory(again, history);
      expect(readAll(again)).toEqual(readAll(pipeline));
    }),
    { numRuns: Math.ceil(seeds / 3), interruptAfterTimeLimit },
  );
}, 300_000);

/**
 * Without what an application that began later knows otherwise: what was late to it, and the rolling counts
 * of its day.
 */
function lasting({ logs, markers, counts, everyone: all, users, minutes }: Expected): Partial<Expected> {
  return {
    logs: logs.map((log) => log.replace(/ late$/, '')),
    markers,
    counts,
    everyone: all,
    users: users.map((user) => user.split(' ').toSpliced(2, 1).join(' ')),
    minutes,
  };
}

test('what retention has left of it, read again, leaves everything stored as it is', () => {
  fc.assert(
    fc.property(rawHistories, fc.integer({ min: 1, max: 30 }), (history, from) => {
      const pipeline = open(history.partitions);
      playHistory(pipeline, history);
      const again = openAgain(history.partitions, pipeline, from);
      playHistory(again, history);
      expect(lasting(readAll(pipeline, again))).toEqual(lasting(workOut(rawOf(history), graceMs, dedupeMs)));
    }),
    { numRuns: Math.ceil(seeds / 3), interruptAfterTimeLimit },
  );
}, 300_000);
