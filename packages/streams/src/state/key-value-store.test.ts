// A key-value store: what it shows, writes, takes back and restores, over every backend.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordBatches } from '@activity/kafka';
import { bytesSerde, jsonSerde, numberSerde, stringSerde, type TextSerde } from '../api/serde.ts';
import { checkAsyncProperty, seeds } from '@activity/kafka/testing';
import { Changelog } from '../testing-support/changelog.ts';
import { describeStores } from '../testing-support/open-stores.ts';
import { trickyKeys } from '../testing-support/state-backends.ts';
import { TaskKeyValueStore } from './key-value-store.ts';

function bytesOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

describeStores('a key-value store', ({ begin, create, cacheOf, keyValue }) => {
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

  test('serializes only the last value before a commit where the serde says that it cannot fail', async () => {
    const written: number[][] = [];
    const serde: TextSerde<number[]> = {
      format: 'text',
      textLength: 10,
      deserialize: (text) => text.split(',').map(Number),
      serialize(value) {
        written.push(value);
        return value.join();
      },
    };
    const log = new Changelog();
    const store = await keyValue(stringSerde, serde);
    store.put('a', [1], 10);
    store.update('a', 20, (value) => [...(value ?? []), 2]);
    store.put('gone', [7], 20);
    store.delete('gone');
    expect([store.pendingBytes() > 10, written]).toEqual([true, []]);
    log.commit(store);
    store.put('a', [9], 30);
    store.abort();
    expect(written).toEqual([[1, 2]]);
    expect(log.records.map(({ value }) => value?.toString())).toEqual(['1,2', undefined]);
    expect(store.getTimestamped('a')).toEqual({ value: [1, 2], timestamp: 20 });
  });

  test('lets a value be changed in place until a commit has it', async () => {
    const serde: TextSerde<number[]> = {
      format: 'text',
      textLength: 10,
      deserialize: (text) => text.split(',').map(Number),
      serialize: (value) => value.join(),
    };
    const log = new Changelog();
    const store = await keyValue(stringSerde, serde);
    const asked: boolean[] = [];
    function add(number: number): void {
      store.update('a', number, (old, mayChange) => {
        asked.push(mayChange);
        if (!old || !mayChange) return [...(old ?? []), number];
        old.push(number);
        return old;
      });
    }
    for (const number of [1, 2, 3]) add(number);
    const append = log.seal(store);
    add(4);
    add(5);
    expect([store.get('a'), store.before('a')]).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3],
    ]);
    append();
    store.commit(log.records.length);
    store.abort();
    expect(store.get('a')).toEqual([1, 2, 3]);
    add(6);
    add(7);
    log.commit(store);
    expect(log.records.map(({ value }) => value?.toString())).toEqual(['1,2,3', '1,2,3,6,7']);
    expect(asked).toEqual([false, true, true, false, true, false, true]);
  });

  test('lets no value be changed in place that is serialized when it is written', async () => {
    const store = await keyValue(stringSerde, jsonSerde<number[]>());
    store.put('a', [1], 1);
    store.update('a', 2, (old, mayChange) => {
      expect(mayChange).toBe(false);
      return [...(old ?? []), 2];
    });
    expect(store.get('a')).toEqual([1, 2]);
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
          do: fc.constantFrom('seal' as const, 'seal', 'committed', 'committed', 'abort', 'flush', 'restart'),
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
