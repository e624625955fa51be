// The stores of a task over every backend of committed state and with several cache sizes.
import { afterEach, describe } from 'vitest';
import { numberSerde, stringSerde, type Serde } from '../api/serde.ts';
import { TaskBufferStore } from '../state/buffer-store.ts';
import { TaskExpiringStore } from '../state/expiring-store.ts';
import { TaskKeyValueStore } from '../state/key-value-store.ts';
import { StepClocks } from '../runtime/step-clocks.ts';
import { cacheBudget, type CacheBudget } from '../state/cache-budget.ts';
import { segmentIntervalMs, type SegmentedStoreOptions } from '../state/segmented-store.ts';
import { TaskSessionStore } from '../state/session-store.ts';
import { entryPrefixLength } from '../state/timeline-layers.ts';
import { TaskTimelineStore } from '../state/timeline-store.ts';
import { TaskWindowStore } from '../state/window-store.ts';
import { changelog } from './changelog.ts';
import { stateBackends, type OpenBackend } from './state-backends.ts';

const minute = 60_000;

/**
 * Opens stores, each over a backend of its own unless one is given.
 * All backends are disposed of after each test.
 */
export interface StoreOpener {
  begin: () => OpenBackend;
  /** A backend that its caller disposes of. */
  create: () => OpenBackend;
  cacheOf: () => CacheBudget;
  keyValue: <K, V>(key: Serde<K>, value: Serde<V>, backend?: OpenBackend) => Promise<TaskKeyValueStore<K, V>>;
  buffer: <K, V>(key: Serde<K>, value: Serde<V>, backend?: OpenBackend) => Promise<TaskBufferStore<K, V>>;
  /** Keeps ten minutes, in segments of one. `newest` is the latest end that was put. */
  session: (backend?: OpenBackend, newest?: number) => Promise<TaskSessionStore<string, string>>;
  /** Keeps ten minutes. */
  windowed: (streamTime: () => number, backend?: OpenBackend) => Promise<TaskWindowStore<string, number>>;
  /** Keeps ten minutes. */
  timeline: <K>(key: Serde<K>, backend?: OpenBackend) => Promise<TaskTimelineStore<K, string>>;
  /** Keeps ten minutes. */
  expiring: (streamTime: () => number, backend?: OpenBackend) => Promise<TaskExpiringStore<string, number>>;
}

let toDispose: OpenBackend[] = [];

function openerOf(create: () => OpenBackend, max: number): StoreOpener {
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

  async function buffer<K, V>(
    key: Serde<K>,
    value: Serde<V>,
    backend: OpenBackend = begin(),
  ): Promise<TaskBufferStore<K, V>> {
    const committed = await backend.open({ kind: 'buffer', format: value.format });
    const options = { name: 'store', keySerde: key, valueSerde: value, committed, changelog };
    return new TaskBufferStore({ ...options, cache: cacheOf() });
  }

  function segmented(streamTime: () => number): Omit<SegmentedStoreOptions<string, number>, 'committed'> {
    return {
      name: 'store',
      keySerde: stringSerde,
      valueSerde: numberSerde,
      changelog,
      cache: cacheOf(),
      retentionMs: 10 * minute,
      segmentMs: undefined,
      expiry: undefined,
      streamTime,
    };
  }

  async function session(
    backend: OpenBackend = begin(),
    newest = -1,
  ): Promise<TaskSessionStore<string, string>> {
    const clocks = new StepClocks();
    const written = clocks.of('written');
    written.advance(newest);
    return new TaskSessionStore({
      ...segmented(() => written.time),
      valueSerde: stringSerde,
      segmentMs: minute,
      written,
      committed: await backend.open({ kind: 'session', segmentMs: minute }),
    });
  }

  async function windowed(
    streamTime: () => number,
    backend: OpenBackend = begin(),
  ): Promise<TaskWindowStore<string, number>> {
    return new TaskWindowStore({ ...segmented(streamTime), committed: await backend.open() });
  }

  async function timeline<K>(
    key: Serde<K>,
    backend: OpenBackend = begin(),
  ): Promise<TaskTimelineStore<K, string>> {
    const committed = await backend.open({
      kind: 'timeline',
      segmentMs: segmentIntervalMs(10 * minute),
      prefixLength: entryPrefixLength,
    });
    const serdes = { keySerde: key, valueSerde: stringSerde };
    return new TaskTimelineStore({ ...segmented(() => 0), ...serdes, committed });
  }

  async function expiring(
    streamTime: () => number,
    backend: OpenBackend = begin(),
  ): Promise<TaskExpiringStore<string, number>> {
    const segmentMs = segmentIntervalMs(10 * minute);
    const committed = await backend.openExpiring({ segmentMs, runEntries: 2 });
    return new TaskExpiringStore({ ...segmented(streamTime), committed });
  }

  return { begin, create, cacheOf, keyValue, buffer, session, windowed, timeline, expiring };
}

/** Declares tests for every kind of backend and cache. */
export function describeStores(kind: string, tests: (opener: StoreOpener) => void): void {
  const caches = [0, 2, 1000];
  const kinds = stateBackends.flatMap(({ name, create }) => caches.map((max) => ({ name, create, max })));
  describe.each(kinds)(`${kind}: $name, cache: $max`, ({ create, max }) => {
    afterEach(async () => {
      for (const backend of toDispose) await backend.dispose();
      toDispose = [];
    });
    tests(openerOf(create, max));
  });
}
