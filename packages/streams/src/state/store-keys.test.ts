// Keys of stores, over every backend: any bytes, any text, and the same limit everywhere.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesSerde, stringSerde, type Serde } from '../api/serde.ts';
import { Changelog, changelog } from '../testing-support/changelog.ts';
import { checkAsyncProperty, seeds } from '@activity/kafka/testing';
import { stateBackends, type OpenBackend } from '../testing-support/state-backends.ts';
import { TaskExpiringStore } from './expiring-store.ts';
import { TaskKeyValueStore } from './key-value-store.ts';
import { cacheBudget } from './cache-budget.ts';
import { TaskWindowStore } from './window-store.ts';

const limit = 1_900;
const windowEnd = '@0000000000000'.length;

/** Bytes with meanings of their own to encoders of keys, and others. */
const bytes = fc
  .array(fc.constantFrom(0, 1, 2, 3, 4, 0x2f, 0x40, 0x61, 0x7f, 0x80, 0xff), { maxLength: 90 })
  .map((codes) => Buffer.from(codes));
const text = fc
  .array(fc.constantFrom('\u0000', '\u0001', '\u0003', '\u0004', 'a', '@', 'é', '☃', '🌍'), { maxLength: 70 })
  .map((parts) => parts.join(''));

interface Opened<K> {
  store: TaskKeyValueStore<K, string>;
  log: Changelog;
}

async function keyValue<K>(
  backend: OpenBackend,
  keySerde: Serde<K>,
  log = new Changelog(),
): Promise<Opened<K>> {
  const keys = keySerde.format === 'text' ? 'utf8' : 'latin1';
  const committed = await backend.open({ keys });
  const options = { name: 'store', keySerde, valueSerde: stringSerde, committed, changelog };
  const store = new TaskKeyValueStore({ ...options, cache: cacheBudget(0) });
  log.restore(store);
  return { store, log };
}

async function windowed(backend: OpenBackend): Promise<TaskWindowStore<string, string>> {
  const committed = await backend.open({
    kind: 'window',
    store: 'windows',
    segmentsTogether: 10,
    segmentMs: 60_000,
  });
  const times = {
    retentionMs: 3_600_000,
    segmentMs: 60_000,
    expiry: undefined,
    streamTime: () => 0,
  } as const;
  const serdes = { keySerde: stringSerde, valueSerde: stringSerde, changelog, cache: cacheBudget(0) };
  return new TaskWindowStore({ name: 'windows', committed, ...serdes, ...times });
}

async function expiring(backend: OpenBackend): Promise<TaskExpiringStore<string, string>> {
  const committed = await backend.openExpiring({ store: 'ids', segmentMs: 60_000 });
  const times = {
    retentionMs: 3_600_000,
    segmentMs: 60_000,
    expiry: undefined,
    streamTime: () => 0,
  } as const;
  const serdes = { keySerde: stringSerde, valueSerde: stringSerde, changelog, cache: cacheBudget(0) };
  return new TaskExpiringStore({ name: 'ids', committed, ...serdes, ...times });
}

async function withBackend(
  create: () => OpenBackend,
  use: (backend: OpenBackend) => Promise<void>,
): Promise<void> {
  const backend = create();
  try {
    await use(backend);
  } finally {
    await backend.dispose();
  }
}

describe.each(stateBackends)('keys: $name', ({ create }) => {
  test.each<[string, fc.Arbitrary<unknown>, Serde<never>]>([
    ['bytes', bytes, bytesSerde as unknown as Serde<never>],
    ['text', text, stringSerde as unknown as Serde<never>],
  ])('of any %s are found and ordered, after a restart too', async (_what, arbitrary, serde) => {
    const key = serde as unknown as Serde<unknown>;
    await checkAsyncProperty(
      fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 12 }), async (keys) => {
        await withBackend(create, async (backend) => {
          const { store, log } = await keyValue(backend, key);
          for (const [index, one] of keys.entries()) store.put(one, String(index), 0);
          log.commit(store);
          await store.flush();
          await backend.restart();
          const again = (await keyValue(backend, key, log)).store;
          const wanted = new Map(
            keys.map((one, index) => [Buffer.from(key.serialize(one)).toString('hex'), index]),
          );
          const all = [...again.all()].map(([one, value]) => [
            Buffer.from(key.serialize(one)).toString('hex'),
            value,
          ]);
          expect(all).toEqual(
            [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([hex, index]) => [hex, String(index)]),
          );
          for (const one of keys)
            expect(again.get(one)).toBe(String(wanted.get(Buffer.from(key.serialize(one)).toString('hex'))));
        });
      }),
      { numRuns: Math.ceil(seeds / 30) },
    );
  });

  test('of a range or of windows are read from where they are, whatever is between', async () => {
    await withBackend(create, async (backend) => {
      const { store, log } = await keyValue(backend, stringSerde);
      for (const key of ['a', 'a\u0000', 'b', 'b@0', 'c', 'é', '☃']) store.put(key, key, 0);
      log.commit(store);
      await store.flush();
      expect([...store.range('a\u0000', 'c')].map(([key]) => key)).toEqual(['a\u0000', 'b', 'b@0', 'c']);
      expect([...store.range('d', '☃')].map(([key]) => key)).toEqual(['é', '☃']);
      const windows = await windowed(backend);
      for (const key of ['a', 'a@0000000000001', 'b'])
        for (const start of [0, 5, 60_000, 120_000]) windows.put(key, `${key} ${start}`, start, 0);
      const windowLog = new Changelog();
      windowLog.commit(windows);
      await windows.flush();
      expect([...windows.fetchRange('a', 1, 60_000)]).toEqual([
        [5, 'a 5'],
        [60_000, 'a 60000'],
      ]);
      expect([...windows.fetchRange('a', -5, Number.MAX_SAFE_INTEGER)]).toHaveLength(4);
    });
  });

  test('are as long in every store, counted in bytes, and one that is longer is refused', async () => {
    await withBackend(create, async (backend) => {
      const tooLong = /^the key .* has \d+ bytes; a store takes keys of up to 1900 bytes$/;
      const { store: texts } = await keyValue(backend, stringSerde);
      texts.put('é'.repeat(limit / 2), 'fits', 0);
      expect(() => texts.put(`${'é'.repeat(limit / 2)}x`, '', 0)).toThrowError(tooLong);
      expect(texts.get('é'.repeat(limit))).toBeUndefined();
      const { store: raw } = await keyValue(backend, bytesSerde);
      raw.put(Buffer.alloc(limit, 0xe9), 'fits', 0);
      expect(() => raw.put(Buffer.alloc(limit + 1, 0xe9), '', 0)).toThrowError(tooLong);
      const windows = await windowed(backend);
      windows.put('x'.repeat(limit - windowEnd), 'fits', 0, 0);
      expect(() => windows.put('x'.repeat(limit - windowEnd + 1), '', 0, 0)).toThrowError(tooLong);
      const ids = await expiring(backend);
      ids.put('é'.repeat(limit / 2), 'fits');
      expect(() => ids.put(`${'é'.repeat(limit / 2)}x`, '')).toThrowError(tooLong);
      // What fits is written to disk, too.
      for (const store of [texts, windows, ids]) {
        new Changelog().commit(store);
        await store.flush();
      }
      expect(texts.get('é'.repeat(limit / 2))).toBe('fits');
    });
  });

  test('that another program wrote into a shared changelog are left out where no store takes them', async () => {
    await withBackend(create, async (backend) => {
      const { store } = await keyValue(backend, stringSerde);
      const record = { timestamp: 0, value: Buffer.from('v'), headers: [] };
      const keys = [Buffer.from('good'), Buffer.alloc(limit + 1, 0x78), Buffer.from([0xff, 0xfe])];
      store.restore(
        keys.map((key, offset) => ({ ...record, offset, key })),
        3,
      );
      await store.flush();
      expect([...store.all()]).toEqual([['good', 'v']]);
      expect(store.position()).toBe(3);
    });
  });

  test('with lone surrogates are what a restart reads from the changelog', async () => {
    await withBackend(create, async (backend) => {
      const { store } = await keyValue(backend, stringSerde);
      store.put('a\ud800', '1', 0);
      store.put('a\udfff', '2', 0);
      expect([...store.all()]).toEqual([['a\ufffd', '2']]);
    });
  });
});
