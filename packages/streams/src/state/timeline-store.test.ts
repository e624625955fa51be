// A timeline store: what it shows, keeps, takes back and restores, over every backend.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesSerde, stringSerde } from '../api/serde.ts';
import { Changelog } from '../testing-support/changelog.ts';
import { describeStores } from '../testing-support/open-stores.ts';
import type { TaskTimelineStore } from './timeline-store.ts';

const minute = 60_000;

function valuesOf<K>(store: TaskTimelineStore<K, string>, key: K, from = 0, to = 100 * minute): string[] {
  return store.fetch(key, from, to).map(({ value }) => value);
}

describeStores('a timeline store', ({ begin, timeline }) => {
  test('gives a key’s values in the order of time and arrival, over segments and layers', async () => {
    const log = new Changelog();
    const store = await timeline(stringSerde);
    const times = [7, 1, 8, 3, 7, 2, 7, 5].map((n) => n * minute);
    for (const [i, time] of times.entries()) {
      store.put('a', `a${i}`, time);
      store.put('a@1', `b${i}`, time);
      if (i === 2) log.commit(store);
      if (i === 5) log.seal(store);
    }
    expect(store.fetch('a', 2 * minute, 7 * minute)).toEqual([
      { time: 2 * minute, value: 'a5' },
      { time: 3 * minute, value: 'a3' },
      { time: 5 * minute, value: 'a7' },
      { time: 7 * minute, value: 'a0' },
      { time: 7 * minute, value: 'a4' },
      { time: 7 * minute, value: 'a6' },
    ]);
    expect(valuesOf(store, 'a@1', 0, minute)).toEqual(['b1']);
    expect(valuesOf(store, 'b')).toEqual([]);
    store.abort();
    expect(valuesOf(store, 'a')).toEqual(['a1', 'a0', 'a2']);
  });

  test('forgets what is the retention behind the latest time that it has seen', async () => {
    const store = await timeline(stringSerde);
    expect(store.observedTime).toBe(-1);
    store.put('a', 'old', minute);
    store.put('b', 'new', 11 * minute - 1);
    expect(valuesOf(store, 'a')).toEqual(['old']);
    store.observe(11 * minute);
    expect(store.observedTime).toBe(11 * minute);
    expect(valuesOf(store, 'a')).toEqual([]);
    expect(store.put('a', 'late', minute)).toBe(false);
    expect(store.put('a', 'just in time', minute + 1)).toBe(true);
    expect(valuesOf(store, 'a')).toEqual(['just in time']);
  });

  test('drops segments that nobody can read any more', async () => {
    const log = new Changelog();
    const store = await timeline(stringSerde);
    for (let n = 0; n < 60; n++) {
      store.put('a', String(n), n * minute);
      log.commit(store);
    }
    expect(store.size()).toBeLessThan(20);
    expect(valuesOf(store, 'a')).toEqual(Array.from({ length: 10 }, (_, i) => String(50 + i)));
    expect(store.usedSince()).toBe(45 * minute);
    expect(store.usedFrom()).toBeGreaterThan(0);
  });

  test('replaces the value of a key at a time, whichever layer it is in', async () => {
    const log = new Changelog();
    const store = await timeline(stringSerde);
    store.replace('a', 'one', minute);
    store.replace('a', 'two', minute);
    log.commit(store);
    store.replace('a', 'three', minute);
    store.put('a', 'beside it', minute);
    expect(valuesOf(store, 'a')).toEqual(['three', 'beside it']);
    store.abort();
    expect(valuesOf(store, 'a')).toEqual(['two']);
  });

  test('takes keys of bytes', async () => {
    const log = new Changelog();
    const store = await timeline(bytesSerde);
    const key = Buffer.from([0, 64, 255]);
    store.put(key, 'one', minute);
    log.commit(store);
    store.put(key, 'two', minute);
    expect(valuesOf(store, key)).toEqual(['one', 'two']);
    expect(valuesOf(store, Buffer.from([0]))).toEqual([]);
  });

  test('refuses a key that is too long and a time that is none', async () => {
    const store = await timeline(stringSerde);
    expect(() => store.put('a'.repeat(1_890), 'x', 1)).toThrow('a store takes keys of up to 1900 bytes');
    expect(() => store.put('a', 'x', -1)).toThrow('the event time -1 is not');
    expect(store.pendingBytes()).toBe(0);
  });

  test('is after a crash what it was, and goes on numbering', async () => {
    const log = new Changelog();
    const store = await timeline(stringSerde);
    for (const value of ['one', 'two', 'three']) store.put('a', value, minute);
    store.observe(5 * minute);
    log.commit(store);
    const other = await timeline(stringSerde, begin());
    log.restore(other);
    expect(other.observedTime).toBe(5 * minute);
    other.put('a', 'four', minute);
    expect(valuesOf(other, 'a')).toEqual(['one', 'two', 'three', 'four']);
  });

  test('is what its changelog says, whatever happens', async () => {
    const time = fc.nat(30).map((n) => n * minute);
    const step = fc.oneof(
      fc.record({ put: fc.constantFrom('a', 'b'), time }),
      fc.constantFrom('commit', 'seal', 'abort', 'restart', 'flush'),
    );
    let backend = begin();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        backend = begin();
        const log = new Changelog();
        let store = await timeline(stringSerde, backend);
        let sealed: (() => void) | undefined;
        let model: { key: string; time: number; value: string }[] = [];
        let [inFlight, kept] = [model, model];
        for (const [i, one] of steps.entries()) {
          if (typeof one === 'object') {
            const value = String(i);
            if (store.put(one.put, value, one.time))
              model = [...model, { key: one.put, time: one.time, value }];
          } else if (one === 'seal' && !sealed) {
            sealed = log.seal(store);
            inFlight = model;
          } else if (one === 'commit') {
            if (!sealed) {
              sealed = log.seal(store);
              inFlight = model;
            }
            sealed();
            store.commit(log.records.length);
            sealed = undefined;
            kept = inFlight;
          } else if (one === 'flush') await store.flush();
          else if (one === 'abort' || one === 'restart') {
            store.abort();
            if (one === 'restart') {
              await store.close();
              await backend.restart();
              store = await timeline(stringSerde, backend);
              log.restore(store);
            }
            sealed = undefined;
            model = inFlight = kept;
          }
          const observed = Math.max(-1, ...model.map((entry) => entry.time));
          expect(store.observedTime).toBe(observed);
          for (const key of ['a', 'b']) {
            const expected = model
              .filter((entry) => entry.key === key && entry.time > observed - 10 * minute)
              .toSorted((x, y) => x.time - y.time);
            expect(store.fetch(key, 0, 40 * minute)).toEqual(
              expected.map(({ time: at, value }) => ({ time: at, value })),
            );
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
