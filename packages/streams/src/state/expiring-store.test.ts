// An expiring store: what it shows, writes, takes back and restores, over every backend.
import { expect, test } from 'vitest';
import { Changelog } from '../testing-support/changelog.ts';
import { describeStores } from '../testing-support/open-stores.ts';

const minute = 60_000;

describeStores('an expiring store', ({ begin, expiring }) => {
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
