// How the sink writes records that merge sessions: the logs that are there get the number that stays, and
// nothing that was deleted comes back.
import { servers } from '@activity/testbed/testing';
import { Long, type Document } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { iso, log, startSinkStack, type SinkStack } from './testing/sink-stack.ts';

let sink: SinkStack;

beforeAll(async () => {
  sink = await startSinkStack(servers().kafka, 'merges');
  await sink.ready(60_000);
}, 120_000);

afterAll(() => sink?.[Symbol.asyncDispose]());

function at(minute: number): string {
  return new Date(Date.parse(iso) + minute * 60_000).toISOString();
}

function logAt(id: number, minute: number, session: number, userId = 'ann'): Document {
  return log(id, { timestamp: at(minute), session, userId });
}

/** Sessions that the log `by` has joined. */
function merge(by: number, fields: Document = {}): Document {
  const merged = { userId: 'ann', session: 1, merged: [3], from: at(60), to: at(80), ...fields };
  return { _id: -1 - by, deletedAt: new Date().toISOString(), by, merge: merged };
}

async function send(...records: readonly Document[]): Promise<void> {
  await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, records);
}

/** Waits until all that was sent is stored; returns the sessions of logs by their numbers. */
async function sessions(last: number): Promise<Record<string, number>> {
  await send(log(last, { userId: 'last' }));
  await sink.stored({ _id: Long.fromNumber(last) }, 1, 60_000);
  const found = await sink.db
    .collection('logs')
    .find({ session: { $exists: true } })
    .toArray();
  return Object.fromEntries(found.map(({ _id, session }) => [String(_id), Number(session)]));
}

const before = [logAt(1, 0, 1), logAt(2, 10, 1), logAt(3, 60, 3), logAt(4, 70, 3), logAt(5, 80, 3)];
const others = [logAt(6, 70, 6, 'bob'), logAt(7, 200, 7)];
const expected = { 1: 1, 2: 1, 3: 1, 5: 1, 6: 6, 7: 7, 8: 1 };

test('in one poll with the logs or in a later one, the logs of the user’s sessions get the number', async () => {
  const marker = { _id: 4, deletedAt: new Date().toISOString(), by: 9 };
  await send(...before, ...others, marker, logAt(8, 35, 1), merge(8));
  expect(await sessions(100)).toEqual(expected);
  const [one] = await sink.db
    .collection('logs')
    .find({ _id: Long.fromNumber(3) } as Document)
    .toArray();
  // As the log itself writes it.
  expect(one?.['session']).toEqual(Long.fromNumber(1));
  // The record itself is no document, and no log came back.
  expect(await sink.db.collection('logs').countDocuments({ _id: { $lt: 0 } } as Document)).toBe(0);
  expect(await sink.db.collection('logs').countDocuments({ deletedAt: { $exists: true } })).toBe(1);
});

test('logs and merges that are read again change nothing, in whatever polls they are', async () => {
  await send(...before);
  // A log that is written again keeps the lower number: so no reader sees the higher one meanwhile.
  expect(await sessions(101)).toEqual(expected);
  await send(merge(8), merge(8));
  expect(await sessions(102)).toEqual(expected);
});

test('merges of merged sessions are written in their order', async () => {
  const [user, later] = [{ userId: 'cleo' }, { from: at(40), to: at(90) }];
  await send(
    logAt(20, 0, 20, 'cleo'),
    logAt(21, 45, 21, 'cleo'),
    logAt(22, 90, 22, 'cleo'),
    merge(23, { ...user, ...later, session: 21, merged: [22] }),
    merge(24, { ...user, ...later, session: 20, merged: [21] }),
  );
  expect(await sessions(103)).toMatchObject({ 20: 20, 21: 20, 22: 20 });
});

test.each<[string, Document]>([
  ['no number', { session: 'x' }],
  ['no list', { merged: 3 }],
  ['no time', { from: 'yesterday' }],
])('a merge with %s is put aside', async (_, fields) => {
  const letters = await sink.deadLetters();
  await send(merge(30, fields));
  await vi.waitFor(async () => expect(await sink.deadLetters()).toBe(letters + 1), {
    timeout: 20_000,
    interval: 100,
  });
});
