// The contract of the stores that processors use, over every backend:
// layers, order, expiry, changelog and restore.
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { RecordBatches } from '@activity/kafka';
import { bytesSerde, jsonSerde, numberSerde, stringSerde, type Serde } from '../api/serde.ts';
import { Changelog, changelog } from '../testing-support/changelog.ts';
import { checkAsyncProperty, seeds } from '@activity/kafka/testing';
import { stateBackends, trickyKeys, type OpenBackend } from '../testing-support/state-backends.ts';
import { TaskExpiringStore } from './expiring-store.ts';
import { TaskKeyValueStore } from './key-value-store.ts';
import { cacheBudget, type CacheBudget } from './overlay.ts';
import { segmentIntervalMs } from './segmented-store.ts';
import { TaskWindowStore } from './window-store.ts';

const minute = 60_000;

let toDispose: OpenBackend[] = [];

afterEach(async () => {
  for (const backend of toDispose) await backend.dispose();
  toDispose = [];
});

function bytesOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const caches = [0, 2, 1000];
const kinds = stateBackends.flatMap(({ name, create }) => caches.map((max) => ({ name, create, max })));

describe.each(kinds)('stores: $name, cache: $max', ({ create, max }) => {
  const cacheOf = (): CacheBudget => cacheBudget(max);

  function begin(): OpenBackend {
    const backend = create();
    toDispose.push(backend);
    return backend;
  }

  async function keyValue<K, V>(
    key: Serde<K>,
    value: Serde<V>,
    backend: OpenBackend = begin(),
  ): Promise<TaskKeyValueStore<K, V>> {
    const committed = await backend.open({ format: value.format });
    const options = { name: 'store', keySerde: key, valueSerde: value, committed, changelog };
    return new TaskKeyValueStore({ ...options, cache: cacheOf() });
  }

  async function windowed(
    streamTime: () => number,
    backend: OpenBackend = begin(),
  ): Promise<TaskWindowStore<string, number>> {
    return new TaskWindowStore({
      name: 'store',
      keySerde: stringSerde,
      valueSerde: numberSerde,
      committed: await backend.open(),
      changelog,
      cache: cacheOf(),
      retentionMs: 10 * minute,
      segmentMs: undefined,
      expiry: undefined,
      streamTime,
    });
  }

  async function expiring(
    streamTime: () => number,
    backend: OpenBackend = begin(),
  ): Promise<TaskExpiringStore<string, number>> {
    return new TaskExpiringStore({
      name: 'store',
      keySerde: stringSerde,
      valueSerde: numberSerde,
      committed: await backend.openExpiring({ segmentMs: segmentIntervalMs(10 * minute), runEntries: 2 }),
      changelog,
      cache: cacheOf(),
      retentionMs: 10 * minute,
      segmentMs: undefined,
      expiry: undefined,
      streamTime,
    });
  }

  describe('a key-value store', () => {
    test('shows what was written at once, and takes it back on abort', async () => {
      const log = new Changelog();
      const store = await keyValue(stringSerde, numberSerde);
      store.put('a', 1, 10);
      store.put('b', 2, 20);
      log.commit(store);
      store.put('a', 5, 30);
      store.delete('b');
      store.put('c', 3, 30);
      expect([store.get('a'), store.get('b'), store.get('c')]).toEqual([5, undefined, 3]);
      expect(store.getTimestamped('a')).toMatchObject({ value: 5, timestamp: 30 });
      store.abort();
      expect([store.get('a'), store.get('b'), store.get('c')]).toEqual([1, 2, undefined]);
      expect(store.getTimestamped('b')).toMatchObject({ value: 2, timestamp: 20 });
    });

    test('reads through the layers while a commit is in flight', async () => {
      const log = new Changelog();
      const store = await keyValue(stringSerde, numberSerde);
      store.put('committed', 0, 0);
      store.put('a', 0, 0);
      store.put('b', 0, 0);
      log.commit(store);
      store.put('a', 1, 0);
      store.delete('b');
      const append = log.seal(store);
      store.put('c', 2, 0);
      store.put('b', 2, 0);
      const all = [
        ['a', 1],
        ['b', 2],
        ['c', 2],
        ['committed', 0],
      ];
      expect([...store.all()]).toEqual(all);
      append();
      store.commit(log.records.length);
      expect([...store.all()]).toEqual(all);
      store.abort();
      expect([...store.all()]).toEqual([
        ['a', 1],
        ['committed', 0],
      ]);
    });

    test('drops both layers when the commit in flight fails', async () => {
      const log = new Changelog();
      const store = await keyValue(stringSerde, numberSerde);
      store.put('a', 0, 0);
      log.commit(store);
      store.put('a', 1, 0);
      log.seal(store);
      store.put('a', 2, 0);
      store.abort();
      expect(store.get('a')).toBe(0);
      expect(store.position()).toBe(1);
    });

    test('all and range are in the order of the keys’ bytes, through all layers', async () => {
      const log = new Changelog();
      const store = await keyValue(stringSerde, numberSerde);
      for (const [i, key] of trickyKeys.entries()) if (i % 3 === 0) store.put(key, i, 0);
      log.commit(store);
      await store.flush();
      for (const [i, key] of trickyKeys.entries()) if (i % 3 === 1) store.put(key, i, 0);
      log.seal(store);
      for (const [i, key] of trickyKeys.entries()) if (i % 3 === 2) store.put(key, i, 0);
      const sorted = trickyKeys.toSorted(bytesOrder);
      expect([...store.all()].map(([key]) => key)).toEqual(sorted);
      for (const [from, to] of [
        ['a', 'z'],
        ['\uffff', '🌍'],
        ['', '\u0000'],
        ['z', 'a'],
      ] as const) {
        const within = sorted.filter((key) => bytesOrder(key, from) >= 0 && bytesOrder(key, to) <= 0);
        expect(
          [...store.range(from, to)].map(([key]) => key),
          `${from} to ${to}`,
        ).toEqual(within);
      }
    });

    test('may be written while it is iterated', async () => {
      const log = new Changelog();
      const store = await keyValue(stringSerde, numberSerde);
      for (const key of ['a', 'b', 'c']) store.put(key, 1, 0);
      log.commit(store);
      await store.flush();
      store.put('d', 1, 0);
      const seen: string[] = [];
      for (const [key] of store.all()) {
        seen.push(key);
        store.delete(key);
        store.put(`${key}!`, 1, 0);
      }
      expect(seen).toEqual(['a', 'b', 'c', 'd']);
      expect([...store.all()].map(([key]) => key)).toEqual(['a!', 'b!', 'c!', 'd!']);
    });

    test('writes one changelog record for each key that changed, with its time; a delete is a tombstone', async () => {
      const log = new Changelog();
      const store = await keyValue(stringSerde, numberSerde);
      store.put('a', 1, 5);
      store.put('a', 2, 7);
      store.put('b', 3, 6);
      log.commit(store);
      store.delete('b');
      log.commit(store);
      log.commit(store);
      expect(
        log.records.map(({ key, value, timestamp }) => [String(key), value && String(value), timestamp]),
      ).toEqual([
        ['a', '2', 7],
        ['b', '3', 6],
        ['b', null, 0],
      ]);
      expect(store.position()).toBe(3);
    });

    test('without a changelog writes none, and keeps its position', async () => {
      const committed = await begin().open();
      const options = { name: 'store', keySerde: stringSerde, valueSerde: numberSerde, committed };
      const store = new TaskKeyValueStore({ ...options, changelog: undefined, cache: cacheOf() });
      store.put('a', 1, 0);
      const records = new RecordBatches();
      store.seal(records);
      store.commit(undefined);
      expect([records.count, store.get('a'), store.position()]).toEqual([0, 1, 0]);
    });

    test('is the same again after a restart, from what is left and the changelog', async () => {
      const log = new Changelog();
      const backend = begin();
      const before = await keyValue(stringSerde, jsonSerde<{ n: number }>(), backend);
      for (const [n, key] of trickyKeys.entries()) before.put(key, { n }, n);
      log.commit(before);
      await before.flush();
      before.put('a', { n: 99 }, 99);
      before.delete('z');
      before.put('new', { n: 100 }, 100);
      log.commit(before);
      const content = [...before.all()].map(([key, value]) => [
        key,
        value,
        before.getTimestamped(key)?.timestamp,
      ]);
      await backend.restart();
      const after = await keyValue(stringSerde, jsonSerde<{ n: number }>(), backend);
      log.restore(after);
      expect(
        [...after.all()].map(([key, value]) => [key, value, after.getTimestamped(key)?.timestamp]),
      ).toEqual(content);
      expect(after.position()).toBe(log.records.length);
    });

    test('keeps keys and values of bytes', async () => {
      const log = new Changelog();
      const backend = begin();
      const before = await keyValue(bytesSerde, bytesSerde, backend);
      const keys = [
        Buffer.from([0]),
        Buffer.from([127]),
        Buffer.from([128]),
        Buffer.from([255, 0]),
        Buffer.alloc(0),
      ];
      for (const key of keys) before.put(key, Buffer.concat([key, key]), 1);
      log.commit(before);
      expect(log.records.map(({ key }) => key)).toEqual(keys);
      await backend.restart();
      const after = await keyValue(bytesSerde, bytesSerde, backend);
      log.restore(after);
      const sorted = keys.toSorted((a, b) => Buffer.compare(a, b));
      expect([...after.all()].map(([key, value]) => [key, Buffer.from(value)])).toEqual(
        sorted.map((key) => [key, Buffer.concat([key, key])]),
      );
    });

    test('refuses a key that is too long for a disk, whatever the backend', async () => {
      const store = await keyValue(stringSerde, numberSerde);
      store.put('ü'.repeat(950), 1, 0);
      expect(() => store.put('ü'.repeat(951), 1, 0)).toThrowError(
        'has 1902 bytes; a store takes keys of up to 1900 bytes',
      );
    });

    test('forgets everything when it is cleared', async () => {
      const log = new Changelog();
      const store = await keyValue(stringSerde, numberSerde);
      store.put('a', 1, 0);
      log.commit(store);
      await store.flush();
      store.put('b', 1, 0);
      await store.clear();
      expect([[...store.all()], store.position(), store.size()]).toEqual([[], 0, 0]);
      log.restore(store);
      expect([...store.all()]).toEqual([['a', 1]]);
    });

    test('does as three maps would, whatever is done to it', async () => {
      const key = fc.oneof(fc.constantFrom(...trickyKeys), fc.string({ unit: 'binary', maxLength: 3 }));
      type Step =
        | { do: 'put'; key: string; value: number }
        | { do: 'delete'; key: string }
        | { do: 'seal' | 'committed' | 'abort' | 'flush' | 'restart' };
      const step: fc.Arbitrary<Step> = fc.oneof(
        { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), key, value: fc.nat(99) }) },
        { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
        {
          weight: 6,
          arbitrary: fc.record({
            do: fc.constantFrom(
              'seal' as const,
              'seal',
              'committed',
              'committed',
              'abort',
              'flush',
              'restart',
            ),
          }),
        },
      );
      await checkAsyncProperty(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const backend = create();
          try {
            const log = new Changelog();
            let store = await keyValue(stringSerde, numberSerde, backend);
            let committed = new Map<string, number>();
            let sealed: Map<string, number> | undefined;
            let current = new Map<string, number>();
            let append: (() => void) | undefined;
            for (const one of steps) {
              if (one.do === 'put') {
                store.put(one.key, one.value, 1);
                current.set(one.key, one.value);
              } else if (one.do === 'delete') {
                store.delete(one.key);
                current.delete(one.key);
              } else if (one.do === 'seal' && !append) {
                append = log.seal(store);
                sealed = new Map(current);
              } else if (one.do === 'committed' && append && sealed) {
                append();
                store.commit(log.records.length);
                committed = sealed;
                append = undefined;
              } else if (one.do === 'abort') {
                store.abort();
                current = new Map(committed);
                append = undefined;
              } else if (one.do === 'flush') {
                await store.flush();
              } else if (one.do === 'restart') {
                await backend.restart();
                store = await keyValue(stringSerde, numberSerde, backend);
                log.restore(store);
                current = new Map(committed);
                append = undefined;
              }
              const expected = [...current].toSorted(([a], [b]) => bytesOrder(a, b));
              expect([...store.all()]).toEqual(expected);
              for (const name of trickyKeys) expect(store.get(name)).toBe(current.get(name));
            }
          } finally {
            await backend.dispose();
          }
        }),
        { numRuns: Math.ceil(seeds / 10) },
      );
    });
  });

  describe('a window store', () => {
    test('keeps windows by key and start', async () => {
      const log = new Changelog();
      const store = await windowed(() => 0);
      store.put('a', 1, 0, 5);
      store.put('a', 2, minute, 65_000);
      store.put('a@1', 3, 0, 7);
      store.put('b', 4, minute, 66_000);
      for (const flushed of [false, true]) {
        if (flushed) log.commit(store);
        expect(store.fetch('a', 0)).toBe(1);
        expect(store.fetchTimestamped('a', minute)).toMatchObject({ value: 2, timestamp: 65_000 });
        expect([store.fetch('a', 1), store.fetch('b', 0)]).toEqual([undefined, undefined]);
        expect([...store.fetchRange('a', 0, 10 * minute)]).toEqual([
          [0, 1],
          [minute, 2],
        ]);
        expect([...store.fetchRange('a', 1, 10 * minute)]).toEqual([[minute, 2]]);
        expect([...store.fetchAll(0, 0)]).toEqual([
          ['a', 0, 1],
          ['a@1', 0, 3],
        ]);
        expect([...store.fetchAll(0, minute)]).toHaveLength(4);
      }
      store.delete('a', 0);
      expect([store.fetch('a', 0), store.fetch('a', minute)]).toEqual([undefined, 2]);
      store.abort();
      expect(store.fetch('a', 0)).toBe(1);
    });

    test('gives a key’s windows oldest first, over segments and layers', async () => {
      const log = new Changelog();
      const store = await windowed(() => 9 * minute);
      const starts = [7, 1, 8, 3, 2, 9, 5].map((n) => n * minute);
      for (const [i, start] of starts.entries()) {
        store.put('a', i, start, start);
        store.put('b', i, start, start);
        if (i === 2) log.commit(store);
        if (i === 4) log.seal(store);
      }
      expect([...store.fetchRange('a', 2 * minute, 8 * minute)].map(([start]) => start / minute)).toEqual([
        2, 3, 5, 7, 8,
      ]);
    });

    test('forgets windows a segment at a time once stream time is past their retention', async () => {
      const log = new Changelog();
      let streamTime = 0;
      const store = await windowed(() => streamTime);
      const interval = segmentIntervalMs(10 * minute);
      expect(interval).toBe(5 * minute);
      for (let n = 0; n < 15; n++) {
        streamTime = n * minute;
        store.put('a', n, n * minute, n * minute);
      }
      log.commit(store);
      // 14 minutes minus the retention is minute 4: all of the first segment may still be asked for.
      expect([...store.fetchAll(0, 20 * minute)]).toHaveLength(15);
      streamTime = 15 * minute;
      expect([...store.fetchAll(0, 20 * minute)]).toHaveLength(10);
      expect(store.fetch('a', 4 * minute)).toBeUndefined();
      store.put('a', 99, 4 * minute, 4 * minute);
      expect(store.fetch('a', 4 * minute)).toBeUndefined();
      log.commit(store);
      expect(store.size()).toBe(10);
    });

    test('keeps what the next commit’s stream time lets expire until that commit', async () => {
      const log = new Changelog();
      let streamTime = 0;
      const store = await windowed(() => streamTime);
      store.put('a', 1, 0, 0);
      const append = log.seal(store);
      streamTime = 60 * minute;
      store.put('a', 2, 60 * minute, 60 * minute);
      append();
      store.commit(log.records.length);
      store.abort();
      streamTime = 0;
      expect(store.fetch('a', 0)).toBe(1);
    });

    test('is the same again after a restart, without what had expired', async () => {
      const log = new Changelog();
      const backend = begin();
      let streamTime = 0;
      const before = await windowed(() => streamTime, backend);
      for (let n = 0; n < 30; n++) {
        streamTime = n * minute;
        for (const key of ['a', '🌍', 'a@b']) before.put(key, n, n * minute, n * minute);
        if (n % 4 === 0) log.commit(before);
        if (n === 16) await before.flush();
      }
      before.delete('a', 28 * minute);
      log.commit(before);
      const content = [...before.fetchAll(0, 30 * minute)];
      expect(content).toHaveLength(3 * 15 - 1);
      await backend.restart();
      const after = await windowed(() => streamTime, backend);
      log.restore(after);
      expect([...after.fetchAll(0, 30 * minute)]).toEqual(content);
      log.commit(after);
      // On disk a deleted entry is counted until it is flushed.
      expect(after.size() - content.length).toBeLessThanOrEqual(1);
    });
  });

  describe('an expiring store', () => {
    test('knows a key from when it was put until the retention is over, in stream time', async () => {
      const log = new Changelog();
      let streamTime = 100 * minute;
      const store = await expiring(() => streamTime);
      store.put('a', 1);
      const times: [number, number | undefined][] = [
        [100 * minute, 1],
        [105 * minute, 1],
        [110 * minute, 1],
        [110 * minute + 1, undefined],
        [130 * minute, undefined],
      ];
      const see = (): unknown[] =>
        times.map(([time]) => {
          streamTime = time;
          return store.get('a')?.value;
        });
      expect(see()).toEqual(times.map(([, value]) => value));
      streamTime = 100 * minute;
      log.commit(store);
      expect(see()).toEqual(times.map(([, value]) => value));
    });

    test('takes a key again after it was forgotten, in all layers', async () => {
      const log = new Changelog();
      let streamTime = 0;
      const store = await expiring(() => streamTime);
      for (const [n, layer] of ['commit', 'seal', 'current'].entries()) {
        streamTime = n * 11 * minute;
        expect(store.get('a')).toBeUndefined();
        store.put('a', n);
        expect(store.get('a')).toMatchObject({ value: n, timestamp: streamTime });
        if (layer === 'commit') log.commit(store);
        if (layer === 'seal') log.seal(store);
      }
      store.abort();
      expect(store.get('a')).toBeUndefined();
      streamTime = 5 * minute;
      expect(store.get('a')).toMatchObject({ value: 0, timestamp: 0 });
    });

    test('keeps what the next commit’s stream time lets expire until that commit', async () => {
      const log = new Changelog();
      let streamTime = 0;
      const store = await expiring(() => streamTime);
      store.put('a', 1);
      const append = log.seal(store);
      streamTime = 60 * minute;
      store.put('b', 2);
      append();
      store.commit(log.records.length);
      store.abort();
      streamTime = 0;
      expect(store.get('a')?.value).toBe(1);
    });

    test('deletes every copy of a key that was put again before it was forgotten, after a restart too', async () => {
      const log = new Changelog();
      const backend = begin();
      let streamTime = 0;
      const store = await expiring(() => streamTime, backend);
      store.put('a', 1);
      log.commit(store);
      streamTime = 6 * minute;
      store.put('a', 2);
      log.commit(store);
      expect(store.deletePrefix('a')).toBe(2);
      expect(store.get('a')).toBeUndefined();
      expect(store.deletePrefix('a')).toBe(0);
      log.commit(store);
      expect(store.get('a')).toBeUndefined();

      await backend.restart();
      const again = await expiring(() => streamTime, backend);
      log.restore(again);
      expect(again.get('a')).toBeUndefined();
      expect(again.deletePrefix('a')).toBe(0);
    });

    test('deletes all keys that begin so, in all layers and segments, and takes it back', async () => {
      const log = new Changelog();
      const backend = begin();
      let streamTime = 0;
      const store = await expiring(() => streamTime, backend);
      for (const key of ['a1', 'b1']) store.put(key, 1);
      log.commit(store);
      await store.flush();
      streamTime = 6 * minute;
      for (const key of ['a2', 'a', 'b2']) store.put(key, 2);
      log.commit(store);
      for (const key of ['a3', 'ba']) store.put(key, 3);
      const keys = ['a', 'a1', 'a2', 'a3', 'b1', 'b2', 'ba'];
      const found = (from = store): string[] => keys.filter((key) => from.get(key) !== undefined);
      expect(store.deletePrefix('a')).toBe(4);
      expect(found()).toEqual(['b1', 'b2', 'ba']);
      expect(store.deletePrefix('a')).toBe(0);
      store.abort();
      expect(found()).toEqual(['a', 'a1', 'a2', 'b1', 'b2']);
      expect(store.deletePrefix('a')).toBe(3);
      log.commit(store);
      expect(found()).toEqual(['b1', 'b2']);
      const other = await expiring(() => streamTime);
      other.restore(log.records, log.records.length);
      expect(found(other)).toEqual(['b1', 'b2']);
    });

    test('is the same again after a restart, and lets expired segments go', async () => {
      const log = new Changelog();
      const backend = begin();
      let streamTime = 0;
      const before = await expiring(() => streamTime, backend);
      for (let n = 0; n < 40; n++) {
        streamTime = n * minute;
        before.put(`key ${n}`, n);
        if (n % 3 === 0) log.commit(before);
        if (n === 20) await before.flush();
      }
      log.commit(before);
      await backend.restart();
      const after = await expiring(() => streamTime, backend);
      log.restore(after);
      for (let n = 0; n < 40; n++) {
        expect(after.get(`key ${n}`)?.value).toBe(n < 29 ? undefined : n);
      }
      log.commit(after);
      expect(after.size()).toBeLessThanOrEqual(15);
    });
  });
});
