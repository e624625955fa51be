// Stores as they are declared.
import { RecordBatches } from '@activity/kafka';
import { expect, test } from 'vitest';
import { numberSerde, stringSerde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import { cacheBudget } from '../state/cache-budget.ts';
import { MemoryState } from '../state/memory-state.ts';
import type { TaskKeyValueStore } from '../state/key-value-store.ts';
import { openStore } from './task-stores.ts';

const clocks = {
  streamTime: () => 0,
  arrivalTime: () => 0,
  eventTime: () => 0,
  stepClock: () => ({ time: 0, advance: () => 0 }),
};

test.each([
  { cached: true, kept: 1 },
  { cached: false, kept: 0 },
])('a store with cached: $cached keeps $kept of 1 entry decoded once it is committed', ({ cached, kept }) => {
  const cache = cacheBudget(10);
  const serdes = { keySerde: stringSerde, valueSerde: numberSerde } as Pick<
    StoreSpec,
    'keySerde' | 'valueSerde'
  >;
  const spec: StoreSpec = { name: 'counts', kind: 'keyValue', ...serdes, changelog: false, cached };
  const opened = openStore(spec, new MemoryState(), undefined, clocks, cache);
  const store = opened.store as TaskKeyValueStore<string, number>;
  store.put('a', 1, 0);
  store.seal(new RecordBatches());
  store.commit(1);
  expect(cache.used).toBe(kept);
  expect(store.get('a')).toBe(1);
  expect(cache.used).toBe(kept);
});
