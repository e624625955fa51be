// Deleting by prefix from an expiring store, over every backend: everything of the prefix, and nothing else
// is read.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { dedupeIdOfKey, dedupePrefixLength } from '../operators/dedupe.ts';
import { Changelog, changelog } from '../testing-support/changelog.ts';
import { stateBackends, type OpenBackend } from '../testing-support/state-backends.ts';
import { Entries } from './entries.ts';
import { TaskExpiringStore } from './expiring-store.ts';
import { cacheBudget } from './cache-budget.ts';

const users = 400;
const idsEach = 20;

async function open(backend: OpenBackend, log: Changelog): Promise<TaskExpiringStore<string, string>> {
  const segmentMs = 60_000;
  const committed = await backend.openExpiring({
    segmentMs,
    runEntries: 500,
    prefixLength: dedupePrefixLength,
  });
  const store = new TaskExpiringStore<string, string>({
    name: 'store',
    keySerde: stringSerde,
    valueSerde: stringSerde,
    committed,
    changelog,
    cache: cacheBudget(0),
    retentionMs: 2 * segmentMs,
    segmentMs,
    expiry: undefined,
    streamTime: () => time,
  });
  log.restore(store);
  return store;
}

let time = 0;
const prefixOf = (user: number): string =>
  dedupeIdOfKey(stringSerde, user % 3 === 0 ? `üser ${user}` : `user ${user}`, '');

afterEach(() => vi.restoreAllMocks());

describe.each(stateBackends)('deletePrefix: $name', ({ create }) => {
  test('costs by what it finds, in runs and after a restart too', async () => {
    time = 0;
    const backend = create();
    const log = new Changelog();
    try {
      let store = await open(backend, log);
      for (let n = 0; n < users * idsEach; n++) {
        time = n * 10;
        store.put(`${prefixOf(n % users)}id ${n}`, String(n));
        if (n % 250 === 249) {
          log.commit(store);
          await store.flush();
        }
      }
      const looked = vi.spyOn(Entries.prototype, 'keyAt');
      const deleted = [7, 8, 9].map((user) => store.deletePrefix(prefixOf(user)));
      expect(deleted).toEqual([idsEach, idsEach, idsEach]);
      expect(looked.mock.calls.length).toBeLessThanOrEqual(3 * idsEach);
      expect(store.deletePrefix(prefixOf(7))).toBe(0);
      log.commit(store);
      await store.flush();
      await backend.restart();
      store = await open(backend, log);
      for (let n = 0; n < users * idsEach; n++) {
        const user = n % users;
        const gone = user === 7 || user === 8 || user === 9;
        expect([n, store.get(`${prefixOf(user)}id ${n}`)?.value]).toEqual([n, gone ? undefined : String(n)]);
      }
      expect(store.deletePrefix(prefixOf(10))).toBe(idsEach);
    } finally {
      await backend.dispose();
    }
  });

  test('finds a part of a prefix, and keys without one, by reading everything', async () => {
    time = 0;
    const backend = create();
    try {
      const store = await open(backend, new Changelog());
      for (const key of ['2|ab1', '2|ab2', '2|ac1', '3|abc1', '|1', '|2', 'plain', 'plainer'])
        store.put(key, '');
      const deleted = ['2|a', '3|abc', '|', 'plain', 'nothing'].map((prefix) => store.deletePrefix(prefix));
      expect(deleted).toEqual([3, 1, 2, 2, 0]);
    } finally {
      await backend.dispose();
    }
  });
});
