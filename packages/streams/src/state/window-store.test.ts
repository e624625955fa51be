// A window store: what it shows, writes, takes back and restores, over every backend.
import { expect, test } from 'vitest';
import { Changelog } from '../testing-support/changelog.ts';
import { describeStores } from '../testing-support/open-stores.ts';
import { segmentIntervalMs } from './segmented-store.ts';

const minute = 60_000;

describeStores('a window store', ({ begin, windowed }) => {
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
