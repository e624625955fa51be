// A session store: what it finds, writes, takes back and restores, over every backend.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkAsyncProperty } from '@activity/kafka/testing';
import type { SourceRecord } from '../api/record.ts';
import type { Session } from '../api/session-store.ts';
import { bytesSerde, jsonSerde, stringSerde } from '../api/serde.ts';
import { Changelog } from '../testing-support/changelog.ts';
import { describeStores } from '../testing-support/open-stores.ts';
import { sessionListSerde } from './session-list.ts';

const minute = 60_000;

describeStores('a session store', ({ create, session }) => {
  test('finds what is near a time, in the order of ends', async () => {
    const log = new Changelog();
    const store = await session();
    store.put('a', 5 * minute, 6 * minute, 'third');
    store.put('a', 0, 0, 'first');
    store.put('a', minute, 3 * minute, 'second');
    store.put('b', minute, minute, 'other');
    for (const committed of [false, true]) {
      if (committed) log.commit(store);
      expect(store.fetch('a').map(({ value }) => value)).toEqual(['first', 'second', 'third']);
      expect(store.findSessions('a', 0, 4 * minute)).toEqual([
        { start: 0, end: 0, value: 'first' },
        { start: minute, end: 3 * minute, value: 'second' },
      ]);
      expect(store.findSessions('a', 3 * minute, 3 * minute).map(({ value }) => value)).toEqual(['second']);
      expect(store.findSessions('c', 0, 9 * minute)).toEqual([]);
      expect(store.fetchSession('a', minute, 3 * minute)).toBe('second');
      expect(store.fetchSession('a', minute, 4 * minute)).toBeUndefined();
      expect([...store.fetchAll(minute, 3 * minute)].map(([key, { value }]) => [key, value])).toEqual(
        expect.arrayContaining([
          ['a', 'second'],
          ['b', 'other'],
        ]),
      );
    }
    store.remove('a', minute, 3 * minute);
    store.remove('nobody', 0, 0);
    expect(store.fetch('a').map(({ value }) => value)).toEqual(['first', 'third']);
    store.abort();
    expect(store.fetch('a')).toHaveLength(3);
  });

  test('what ended a retention before the newest session is not found, and is dropped', async () => {
    const log = new Changelog();
    const store = await session();
    store.put('a', 0, minute, 'old');
    log.commit(store);
    store.put('b', 0, 11 * minute - 1, 'newer');
    expect(store.fetch('a')).toHaveLength(1);
    store.put('b', 0, 11 * minute, 'newest');
    expect(store.fetch('a')).toEqual([]);
    store.put('a', 0, minute, 'too late');
    expect(store.fetch('a')).toEqual([]);
    log.commit(store);
    store.put('b', 0, 20 * minute, 'newest');
    log.commit(store);
    expect(store.usedSince()).toBeGreaterThan(0);
    // Those of `b`, in three segments.
    expect(store.size()).toBe(3);
  });

  test('gives a session of its bounds until all that ended in its five minutes is a retention old', async () => {
    const store = await session();
    store.put('a', 0, minute, 'old');
    store.put('b', 0, 15 * minute - 1, 'newer');
    expect([store.fetch('a').length, store.fetchSession('a', 0, minute)]).toEqual([0, 'old']);
    expect([...store.fetchAll(0, minute)].map(([key]) => key)).toEqual(['a']);
    store.put('b', 0, 15 * minute, 'newest');
    expect([store.fetchSession('a', 0, minute), [...store.fetchAll(0, minute)]]).toEqual([undefined, []]);
  });

  test('says what was written since the last commit began, what is removed first', async () => {
    const log = new Changelog();
    const store = await session();
    store.put('a', 0, 10, 'x');
    store.put('a', 20, 30, 'y');
    log.commit(store);
    store.put('a', 40, 50, 'z');
    store.remove('a', 0, 10);
    store.remove('a', 20, 30);
    store.put('a', 20, 30, 'y');
    store.put('b', 1, 1, 'w');
    expect([...store.written()]).toEqual([
      ['a', { start: 0, end: 10, value: undefined }],
      ['a', { start: 40, end: 50, value: 'z' }],
      ['b', { start: 1, end: 1, value: 'w' }],
    ]);
    expect([store.before('a', 0, 10), store.before('a', 40, 50)]).toEqual(['x', undefined]);
  });

  test('refuses to go on from what was written with another gap', async () => {
    const log = new Changelog();
    const store = await session();
    store.put('a', 0, 90_000, 'x');
    log.commit(store);
    const [record] = log.records;
    if (!record) throw new Error('nothing was written');
    const { offset, value, timestamp, headers } = record;
    const keyed = (key: string): SourceRecord => ({
      offset,
      value,
      timestamp,
      headers,
      key: Buffer.from(key),
    });
    const other = keyed('a@0000000030000');
    const next = await session(undefined, 90_000);
    expect(() => next.restore([other], 1)).toThrow('store store was written with another gap or grace');
    const shorter = keyed('a@0000000000000');
    expect(() => next.restore([shorter], 1)).toThrow('give it another name');
    next.restore([record], 1);
    expect(next.fetch('a')).toEqual([{ start: 0, end: 90_000, value: 'x' }]);
  });

  test('is what a list of its sessions is, through commits, aborts and restarts', async () => {
    type Step = { put: [key: string, start: number, length: number, value: string] } | 'remove';
    const step: fc.Arbitrary<Step | 'commit' | 'abort' | 'restart'> = fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .tuple(fc.constantFrom('a', 'b'), fc.nat(300_000), fc.nat(100_000), fc.string())
          .map((put) => ({ put })),
      },
      { weight: 3, arbitrary: fc.constantFrom('remove', 'commit', 'abort', 'restart') },
    );
    await checkAsyncProperty(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        type Row = Session<string> & { key: string };
        const log = new Changelog();
        let backend = create();
        let store = await session(backend);
        let committed: Row[] = [];
        let now: Row[] = [];
        for (const one of steps) {
          if (one === 'commit') {
            log.commit(store);
            committed = now;
          } else if (one === 'abort') {
            store.abort();
            now = committed;
          } else if (one === 'restart') {
            await backend.dispose();
            backend = create();
            store = await session(backend, 400_000);
            log.restore(store);
            now = committed;
          } else if (one === 'remove') {
            const [first] = now;
            if (!first) continue;
            store.remove(first.key, first.start, first.end);
            now = now.slice(1);
          } else {
            const [key, start, length, value] = one.put;
            const end = start + length;
            store.put(key, start, end, value);
            now = now.filter((other) => other.key !== key || other.start !== start || other.end !== end);
            now = [...now, { key, start, end, value }];
          }
          for (const key of ['a', 'b']) {
            const expected = now
              .filter((row) => row.key === key)
              .map(({ start, end, value }) => ({ start, end, value }))
              .toSorted((a, b) => a.end - b.end || a.start - b.start);
            expect(store.fetch(key)).toEqual(expected);
            expect(store.findSessions(key, 100_000, 200_000)).toEqual(
              expected.filter(({ start, end }) => end >= 100_000 && start <= 200_000),
            );
          }
        }
        await backend.dispose();
      }),
      { numRuns: 15 },
    );
  });
});

test('a list of sessions is written and read, as text and as bytes', () => {
  const list = [
    { start: 0, end: 2 ** 45, value: { text: '1,2,3,' } },
    { start: 7, end: 7, value: { text: '' } },
  ];
  const text = sessionListSerde(jsonSerde<{ text: string }>()) as { format: 'text' } & ReturnType<
    typeof sessionListSerde<{ text: string }>
  >;
  expect(text.deserialize(text.serialize(list))).toEqual(list);
  const bytes = sessionListSerde(bytesSerde);
  if (bytes.format !== 'bytes') throw new Error('it is text');
  const values = list.map(({ start, end, value }) => ({ start, end, value: Buffer.from(value.text) }));
  expect(bytes.deserialize(Buffer.from(bytes.serialize(values)))).toEqual(values);
  const empty = sessionListSerde(stringSerde);
  expect(empty.format === 'text' && empty.deserialize('')).toEqual([]);
});
