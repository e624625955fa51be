// A buffer store: what waits in it, in which order, and what becomes of it in commits, aborts and restarts.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkAsyncProperty } from '@activity/kafka/testing';
import { bytesSerde, jsonSerde, stringSerde, type Serde } from '../api/serde.ts';
import { Changelog } from '../testing-support/changelog.ts';
import { describeStores } from '../testing-support/open-stores.ts';
import { bufferedValueSerde, type TaskBufferStore } from './buffer-store.ts';
import { compareWaiting, TimeHeap, type Waiting } from '../api/time-heap.ts';

type Row = [key: string, value: string, time: number, timestamp: number];

function rowsOf(store: TaskBufferStore<string, string>): Row[] {
  return Array.from(store.all(), ({ key, value, time, timestamp }) => [key, value, time, timestamp]);
}

describeStores('a buffer store', ({ create, buffer }) => {
  test('gives the first entry by time, then by key, and takes writes back on abort', async () => {
    const log = new Changelog();
    const store = await buffer(stringSerde, stringSerde);
    expect([store.firstTime, store.first(), store.length, store.byteLength]).toEqual([
      undefined,
      undefined,
      0,
      0,
    ]);
    store.put('b', 'x', 20, 7);
    store.put('a', 'y', 20, 8);
    store.put('c', 'z', 10, 9);
    expect(rowsOf(store)).toEqual([
      ['c', 'z', 10, 9],
      ['a', 'y', 20, 8],
      ['b', 'x', 20, 7],
    ]);
    expect([store.length, store.byteLength, store.firstTime]).toEqual([3, 6, 10]);
    log.commit(store);
    store.delete('c');
    store.put('a', 'longer', 30, 8);
    store.delete('nobody');
    expect(store.first()).toEqual({ key: 'b', value: 'x', time: 20, timestamp: 7 });
    expect([store.length, store.byteLength, store.get('c')]).toEqual([2, 9, undefined]);
    store.abort();
    expect(store.first()).toEqual({ key: 'c', value: 'z', time: 10, timestamp: 9 });
    expect([store.length, store.byteLength]).toEqual([3, 6]);
  });

  test('keeps bytes, and values of any form', async () => {
    const store = await buffer(bytesSerde, bytesSerde);
    store.put(Buffer.from([255, 0]), Buffer.from([0, 1, 2]), 2 ** 50, 3);
    expect(store.first()).toEqual({
      key: Buffer.from([255, 0]),
      value: Buffer.from([0, 1, 2]),
      time: 2 ** 50,
      timestamp: 3,
    });
    const objects = await buffer(stringSerde, jsonSerde<object>());
    objects.put('a', { n: [1, ','] }, 5, 3);
    expect(objects.get('a')?.value).toEqual({ n: [1, ','] });
  });

  test('is what a list of its entries is, through commits, aborts and restarts', async () => {
    type Step = { put: Row } | { delete: string } | 'commit' | 'abort' | 'restart';
    const key = fc.constantFrom('a', 'b', 'aa', '\uffff', '🌍');
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(key, fc.string(), fc.nat(5), fc.nat(9)).map((put) => ({ put })) },
      { weight: 2, arbitrary: key.map((of) => ({ delete: of })) },
      { weight: 2, arbitrary: fc.constantFrom<Step>('commit', 'abort', 'restart') },
    );
    await checkAsyncProperty(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const log = new Changelog();
        let backend = create();
        let store = await buffer(stringSerde, stringSerde, backend);
        let committed = new Map<string, Row>();
        let now = new Map<string, Row>();
        for (const one of steps) {
          if (one === 'commit') {
            log.commit(store);
            committed = new Map(now);
          } else if (one === 'abort') {
            store.abort();
            now = new Map(committed);
          } else if (one === 'restart') {
            await backend.dispose();
            backend = create();
            store = await buffer(stringSerde, stringSerde, backend);
            log.restore(store);
            now = new Map(committed);
          } else if ('put' in one) {
            store.put(...one.put);
            now.set(one.put[0], one.put);
          } else {
            store.delete(one.delete);
            now.delete(one.delete);
          }
          const expected = [...now.values()].toSorted(
            ([a, , s], [b, , t]) => s - t || Buffer.compare(Buffer.from(a), Buffer.from(b)),
          );
          expect(rowsOf(store)).toEqual(expected);
          expect([store.length, store.firstTime]).toEqual([expected.length, expected[0]?.[2]]);
        }
        await backend.dispose();
      }),
      { numRuns: 20 },
    );
  });
});

test('a heap gives what a sorted list gives, also when much was removed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(99), fc.boolean()), { maxLength: 200 }), (all) => {
      const heap = new TimeHeap<Waiting>();
      const entries = all.map(([time, key]): Waiting => ({ time, key: String(key) }));
      for (const entry of entries) heap.add(entry);
      const kept = entries.filter((entry, n) => {
        if (all[n]?.[2] === true) heap.remove(entry);
        return all[n]?.[2] !== true;
      });
      const order: Waiting[] = [];
      expect(heap.size).toBe(kept.length);
      for (let first = heap.first(); first; first = heap.first()) {
        order.push(first);
        heap.remove(first);
      }
      expect(order).toEqual(kept.toSorted(compareWaiting));
      expect(heap.size).toBe(0);
    }),
  );
});

test('what a buffer keeps is read as its value by others', () => {
  const text = bufferedValueSerde(stringSerde) as Serde<string> & { format: 'text' };
  expect(text.deserialize('12,a,b')).toBe('a,b');
  expect(() => text.serialize('a')).toThrow('only read');
});
