// In whatever order the events of users come, and whatever happens to the process: the stored logs have the
// sessions that all logs have in the order of time.
import { logId, topicSchemas, type TopicValue } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';
import { faults, type Fault } from '@activity/streams/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { playHistory, type Raw, type RawHistory } from '../testing/histories.ts';
import { openPipeline, takeOver, type Output, type TestPipeline } from '../testing/pipeline.ts';

const seeds = Number(process.env['ACTIVITY_SEEDS'] ?? 300);
const minute = 60_000;
const gapMs = 30 * minute;
const now = Date.parse('2026-03-01T12:00:00.000Z');
const users = ['ann', 'bob', 'd|e'];

interface Log {
  id: number;
  user: string;
  event: string;
  time: number;
}

const ago = fc.oneof(
  fc.nat(900),
  // On the very border of the gap.
  fc.nat(40).map((quarters) => quarters * 15),
  fc.nat(2_000),
);
const happening = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      kind: fc.constant('event' as const),
      user: fc.constantFrom(...users),
      event: fc.nat(60),
      ago,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), offset: fc.nat(50) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('erase' as const), user: fc.constantFrom(...users) }),
  },
  { weight: 3, arbitrary: fc.constantFrom<Fault | 'begin'>(...faults, 'begin') },
);

const histories: fc.Arbitrary<RawHistory> = fc
  .tuple(fc.integer({ min: 1, max: 2 }), fc.array(happening, { maxLength: 90, size: 'max' }))
  .map(([partitions, items]) => {
    const happenings = items.map((item, index): Raw | Fault => {
      if (typeof item === 'string') return item;
      const at = now + index * 1_000;
      if (item.kind === 'delete') {
        const partition = item.offset % partitions;
        return { kind: 'delete', id: logId(partition, item.offset), partition, at };
      }
      const { user } = item;
      const partition = partitionOf(user, partitions);
      if (item.kind === 'erase') return { kind: 'erase', user, partition, at };
      // A copy says the same: its time goes by its event id, on top of what makes events near each other.
      const timestamp = now - (item.event < 10 ? item.event * 25 : item.ago) * minute;
      const [event, type] = [`e${item.event}`, 'LOGIN'];
      const times = { at, received: at, timestamp, timestampGiven: true };
      return { kind: 'event', user, event, type, partition, ...times };
    });
    return { partitions, happenings };
  });

/** What there is to store: the first copies of before no erasure, without those that were deleted. */
function workedOut({ happenings }: RawHistory): Map<number, number> {
  const sessions = new Map<number, number>();
  const raw = happenings.filter((one) => typeof one !== 'string');
  for (const [partition, records] of Map.groupBy(raw, (one) => one.partition)) {
    let logs: Log[] = [];
    const deleted = new Set<number>();
    for (const [offset, one] of records.entries()) {
      const id = logId(partition, offset);
      if (one.kind === 'delete' && one.id < id) deleted.add(one.id);
      if (one.kind === 'erase') logs = logs.filter(({ user }) => user !== one.user);
      if (one.kind !== 'event') continue;
      const { user, event, timestamp: time } = one;
      if (!logs.some((log) => log.user === user && log.event === event)) logs.push({ id, user, event, time });
    }
    for (const own of Map.groupBy(logs, ({ user }) => user).values())
      for (const [id, session] of sessionsOf(own)) if (!deleted.has(id)) sessions.set(id, session);
  }
  return sessions;
}

/** Sorted by time, cut where there is a gap, named after the log that came first. */
function sessionsOf(logs: readonly Log[]): [number, number][] {
  const inTime = logs.toSorted((a, b) => a.time - b.time);
  const found: Log[][] = [];
  for (const log of inTime) {
    const session = found.at(-1);
    const last = session?.at(-1);
    if (session && last && log.time - last.time <= gapMs) session.push(log);
    else found.push([log]);
  }
  return found.flatMap((session) => {
    const number = Math.min(...session.map(({ id }) => id));
    return session.map(({ id }): [number, number] => [id, number]);
  });
}

/** The sessions of the logs that the sink has stored, record after record, and the eraser has left. */
function stored(records: readonly Output[], erasures: readonly Output[]): Map<number, number> {
  const documents = new Map<number, TopicValue<'enriched'>>();
  for (const { value } of records) {
    const record = topicSchemas.enriched.parse(value);
    if (!('merge' in record)) {
      documents.set(Number(record._id), record);
      continue;
    }
    const { userId, session, merged, from, to } = record.merge;
    for (const log of documents.values()) {
      if (!('session' in log) || log.userId !== userId || log.timestamp < from || log.timestamp > to)
        continue;
      if (merged.includes(log.session ?? -1)) log.session = session;
    }
  }
  const erased = new Map(erasures.map(({ value = {} }) => [value['userId'], Number(value['_id'])]));
  const sessions = new Map<number, number>();
  for (const [id, log] of documents)
    if ('session' in log && id > (erased.get(log.userId) ?? -1)) sessions.set(id, log.session ?? -1);
  return sessions;
}

function open(partitions: number): TestPipeline {
  return openPipeline({ partitions, commits: 'manual', dedupeMs: 3_600_000 });
}

function sorted(sessions: ReadonlyMap<number, number>): [number, number][] {
  return [...sessions].toSorted(([a], [b]) => a - b);
}

test('the stored logs have the sessions that all logs have in the order of time', () => {
  let merges = 0;
  fc.assert(
    fc.property(histories, (history) => {
      const pipeline = open(history.partitions);
      playHistory(pipeline, history);
      const records = pipeline.read('enriched');
      merges += records.filter(({ value }) => value?.['merge'] !== undefined).length;
      const expected = sorted(workedOut(history));
      expect(sorted(stored(records, pipeline.read('erasures')))).toEqual(expected);
    }),
    { numRuns: seeds },
  );
  expect(merges).toBeGreaterThan(seeds / 4);
}, 300_000);

test('read again under another application id, they have the same', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const pipeline = open(history.partitions);
      playHistory(pipeline, history);
      const again = open(history.partitions);
      takeOver(again, pipeline, { partitions: history.partitions });
      playHistory(again, history);
      const [before, after] = [pipeline, again].map((one) => one.read('enriched'));
      const erasures = again.read('erasures');
      expect(sorted(stored(after ?? [], erasures))).toEqual(sorted(stored(before ?? [], erasures)));
      // As the sink does: what is stored already is written again.
      const both = stored([...(before ?? []), ...(after ?? [])], erasures);
      expect(sorted(both)).toEqual(sorted(workedOut(history)));
    }),
    { numRuns: Math.ceil(seeds / 3) },
  );
}, 300_000);
