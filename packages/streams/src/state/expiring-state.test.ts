// The state of expiring stores, over every backend: whatever is put, committed, given up, flushed, merged and
// read again.
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { Changelog, changelog } from '../testing-support/changelog.ts';
import { checkAsyncProperty, seeds } from '@activity/kafka/testing';
import { stateBackends, type OpenBackend } from '../testing-support/state-backends.ts';
import { BloomFilter } from './bloom-filter.ts';
import { DiskRun } from './disk-run.ts';
import type { ExpiringState } from './expiring-state.ts';
import { TaskExpiringStore } from './expiring-store.ts';
import { StoreWrites } from './lmdb-writes.ts';
import { cacheBudget } from './cache-budget.ts';

const retentionMs = 20;
const segmentMs = 10;
const keys = ['a', 'ab', 'b', 'bü', '☃', '', 'c1', 'c2', 'c3', 'c4'];

/** A naive store: every entry that was put, until it is deleted or its segment is dropped. */
type Copies = readonly { key: string; value: string; time: number }[];

function segmentOf(time: number): number {
  return Math.floor(time / segmentMs);
}

/** One entry for each key and segment: the last. */
function put(copies: Copies, key: string, value: string, time: number): Copies {
  const others = copies.filter((copy) => copy.key !== key || segmentOf(copy.time) !== segmentOf(time));
  return [...others, { key, value, time }];
}

function get(copies: Copies, key: string, now: number): string | undefined {
  return copies.findLast((copy) => copy.key === key && copy.time >= now - retentionMs)?.value;
}

interface Model {
  copies: Copies;
  time: number;
}

type Step =
  | { do: 'put'; key: string }
  | { do: 'delete'; prefix: string }
  | { do: 'later'; by: number }
  | { do: 'seal' | 'committed' | 'commit' | 'abort' | 'flush' | 'begin flush' | 'turn' | 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('put' as const), key: fc.constantFrom(...keys) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delete' as const), prefix: fc.constantFrom('a', 'b', 'c', '') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('later' as const), by: fc.nat(4) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'commit', 'turn') }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('seal' as const, 'committed', 'abort', 'flush', 'begin flush', 'restart'),
    }),
  },
);

/** Steps with enough flushes of one segment for its runs to be merged. */
const steadyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ do: fc.constant('put' as const), key: fc.constantFrom(...keys) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delete' as const), prefix: fc.constantFrom('a', 'c', '☃') }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constantFrom('commit' as const, 'commit', 'flush', 'begin flush', 'turn', 'turn'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'abort' as const) }) },
);

/** A store over a backend, and the changelog that it writes. */
class Run {
  time = 0;
  readonly log = new Changelog();
  state!: ExpiringState;
  store!: TaskExpiringStore<string, string>;
  readonly #backend: OpenBackend;
  readonly #runEntries: number;

  constructor(backend: OpenBackend, runEntries: number) {
    this.#backend = backend;
    this.#runEntries = runEntries;
  }

  async open(): Promise<void> {
    this.state = await this.#backend.openExpiring({ segmentMs, runEntries: this.#runEntries });
    this.store = new TaskExpiringStore({
      name: 'store',
      keySerde: stringSerde,
      valueSerde: stringSerde,
      committed: this.state,
      changelog,
      cache: cacheBudget(0),
      retentionMs,
      segmentMs,
      expiry: undefined,
      streamTime: () => this.time,
    });
    this.log.restore(this.store);
  }

  /** Seals the store; returns what ends the commit. */
  seal(): () => void {
    const append = this.log.seal(this.store);
    return () => {
      append();
      this.store.commit(this.log.records.length);
    };
  }
}

/** Does the steps to a store and to the naive one; returns what was seen of either. */
async function play(
  create: () => OpenBackend,
  runEntries: number,
  steps: readonly Step[],
): Promise<{ got: unknown[]; wanted: unknown[] }> {
  const got: unknown[] = [];
  const wanted: unknown[] = [];
  const backend = create();
  try {
    const run = new Run(backend, runEntries);
    await run.open();
    let current: Model = { copies: [], time: 0 };
    let committed = current;
    let sealed: Model | undefined;
    let append: (() => void) | undefined;
    let number = 0;

    function begin(): void {
      append = run.seal();
      sealed = current;
    }
    function end(): void {
      append?.();
      committed = sealed as Model;
      const live = segmentOf(committed.time - retentionMs);
      const keep = (model: Model): Model => ({
        ...model,
        copies: model.copies.filter(({ time }) => segmentOf(time) >= live),
      });
      [committed, current] = [keep(committed), keep(current)];
      append = undefined;
    }

    for (const one of steps) {
      if (one.do === 'put') {
        run.store.put(one.key, String(++number));
        current = { ...current, copies: put(current.copies, one.key, String(number), run.time) };
      } else if (one.do === 'delete') {
        const first = segmentOf(run.time - retentionMs);
        const gone = current.copies.filter(
          ({ key, time }) => key.startsWith(one.prefix) && segmentOf(time) >= first,
        );
        got.push(run.store.deletePrefix(one.prefix));
        wanted.push(gone.length);
        current = { ...current, copies: current.copies.filter((copy) => !gone.includes(copy)) };
      } else if (one.do === 'later') {
        run.time += one.by;
        current = { ...current, time: run.time };
      } else if (one.do === 'seal' && !append) {
        begin();
      } else if (one.do === 'committed' && append) {
        end();
      } else if (one.do === 'commit') {
        if (!append) begin();
        end();
      } else if (one.do === 'abort' || one.do === 'restart') {
        if (one.do === 'abort') run.store.abort();
        append = undefined;
        current = committed;
        run.time = committed.time;
        if (one.do === 'restart') {
          await backend.restart();
          await run.open();
        }
      } else if (one.do === 'flush') {
        await run.store.flush();
        got.push(run.store.unflushed());
        wanted.push(0);
      } else if (one.do === 'begin flush') {
        void run.store.flush();
      } else if (one.do === 'turn') {
        await nextTurn();
      }
      got.push(keys.map((key) => run.store.get(key)?.value));
      wanted.push(keys.map((key) => get(current.copies, key, run.time)));
    }
    // What others may read: what is committed, by segment.
    const seen = run.state.segments().flatMap((segment) =>
      [...run.state.entries(segment)].map(([key, { data, timestamp }]) => {
        got.push(run.state.get(segment, key));
        wanted.push({ data, timestamp });
        return { key, value: data, time: timestamp };
      }),
    );
    const live = segmentOf(committed.time - retentionMs);
    const order = (a: { key: string; time: number }, b: { key: string; time: number }): number =>
      a.time - b.time || (a.key < b.key ? -1 : 1);
    const alive = ({ time }: { time: number }): boolean => segmentOf(time) >= live;
    got.push(seen.filter(alive).toSorted(order));
    wanted.push(committed.copies.filter(alive).toSorted(order));
    return { got, wanted };
  } finally {
    await backend.dispose();
  }
}

describe.each(stateBackends)('the state of an expiring store: $name', ({ create, persistent }) => {
  test.each([1, 4, 1_000])('does as a list would, with %d entries a run', async (runEntries) => {
    await checkAsyncProperty(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
        const { got, wanted } = await play(create, runEntries, steps);
        expect(got).toEqual(wanted);
      }),
      { numRuns: Math.ceil(seeds / 5) },
    );
  });

  test.each([1, 3])(
    'does as a list would, also while its runs are merged, with %d entries a run',
    async (runEntries) => {
      await checkAsyncProperty(
        fc.asyncProperty(fc.array(steadyStep, { minLength: 100, maxLength: 250 }), async (steps) => {
          const { got, wanted } = await play(create, runEntries, steps);
          expect(got).toEqual(wanted);
        }),
        { numRuns: Math.ceil(seeds / 5) },
      );
    },
  );

  test('of many entries is found in its runs, merged or not, and after a restart', async () => {
    const backend = create();
    try {
      const run = new Run(backend, 50);
      await run.open();
      run.time = 5;
      for (let n = 0; n < 4_000; n++) {
        run.store.put(`key ${n}`, String(n));
        if (n % 20 === 19) {
          run.seal()();
          if (n % 40 === 39) await run.store.flush();
        }
      }
      for (const restarted of [false, true]) {
        if (restarted) {
          await backend.restart();
          await run.open();
        }
        for (let n = 0; n < 4_000; n++) expect(run.store.get(`key ${n}`)?.value).toBe(String(n));
        expect(run.store.get('key 4000')).toBeUndefined();
        expect(run.store.size()).toBe(4_000);
      }
    } finally {
      await backend.dispose();
    }
  });

  test('has the newest of each key first, when only the oldest of many runs were merged', async () => {
    const backend = create();
    try {
      const run = new Run(backend, 1);
      await run.open();
      const wanted = new Map<string, string>();
      for (let n = 0; n < 100; n++) {
        const key = `key ${n % 7}`;
        run.store.put(key, String(n));
        wanted.set(key, String(n));
        run.seal()();
        if (n === 60 || n === 97) await run.store.flush();
      }
      await run.store.flush();
      for (const restarted of [false, true, true]) {
        if (restarted) {
          await backend.restart();
          await run.open();
        }
        for (const [key, value] of wanted) expect(run.store.get(key)?.value).toBe(value);
        expect(new Map([...run.state.entries(0)].map(([key, { data }]) => [key, data]))).toEqual(wanted);
      }
    } finally {
      await backend.dispose();
    }
  });

  test.runIf(persistent).each(['dropped', 'cleared'])(
    'has nothing of segments that are %s while it reads what was there',
    async (how) => {
      const backend = create();
      try {
        const before = await backend.openExpiring({ segmentMs, runEntries: 1, changelogId: 'one' });
        for (const timestamp of [5, 15, 25, 35])
          before.apply([{ segment: segmentOf(timestamp), key: 'a', data: 'x', timestamp }], timestamp);
        await before.flush();
        await backend.restart();
        const changelogId = how === 'cleared' ? 'two' : 'one';
        const read = vi.spyOn(BloomFilter.prototype, 'add');
        const after = await backend.openExpiring({ segmentMs, runEntries: 1, changelogId });
        if (how === 'dropped') after.dropSegmentsBefore(3);
        for (let turn = 0; turn < 10; turn++) await nextTurn();
        // The block that is left adds its entry to the filters of its segment and of its run.
        expect(read.mock.calls.length).toBe(how === 'dropped' ? 2 : 0);
        read.mockRestore();
        expect(after.segments()).toEqual(how === 'dropped' ? [3] : []);
        expect(after.newest(0, 3, 'a')?.data).toBe(how === 'dropped' ? 'x' : undefined);
      } finally {
        await backend.dispose();
      }
    },
  );

  test.runIf(persistent)(
    'leaves nothing of a segment that is dropped while its runs are merged',
    async () => {
      const backend = create();
      try {
        const options = { segmentMs, runEntries: 1, changelogId: 'one' };
        const state = await backend.openExpiring(options);
        let position = 0;
        const write = async (count: number): Promise<void> => {
          for (let n = 0; n < count; n++)
            state.apply([{ segment: 0, key: `key ${n}`, data: 'x', timestamp: 5 }], ++position);
          await state.flush();
        };
        // The first runs are merged, and wait to be removed before the next are.
        await write(16);
        // oxlint-disable-next-line unbound-method -- it is called on the instance below.
        const { batch } = StoreWrites.prototype;
        let batches = 0;
        vi.spyOn(StoreWrites.prototype, 'batch').mockImplementation(async function batched(
          this: StoreWrites,
          puts,
        ) {
          await batch.call(this, puts);
          if (++batches === 2) state.dropSegmentsBefore(1);
        });
        await write(16);
        vi.restoreAllMocks();
        expect(batches).toBe(2);
        await backend.restart();
        expect((await backend.openExpiring(options)).segments()).toEqual([]);
      } finally {
        await backend.dispose();
      }
    },
  );

  test.runIf(persistent)(
    'has few runs to look into, however many were written, and no block of those that were merged',
    async () => {
      const backend = create();
      try {
        const run = new Run(backend, 10);
        await run.open();
        for (let n = 0; n < 1_000; n++) {
          run.store.put(`key ${n}`, String(n));
          if (n % 10 === 9) {
            run.seal()();
            await run.store.flush();
          }
        }
        await run.store.flush();
        const bytes = run.store.bytes();
        await backend.restart();
        await run.open();
        const runs = [...(run.state.runsOf(0) ?? [])];
        expect(runs.every((one) => one instanceof DiskRun)).toBe(true);
        expect(runs.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
        expect(runs.length).toBeLessThan(6 + 16);
        // 1,000 entries of some 36 bytes; as much again would be there of runs that were merged.
        expect(bytes).toBeLessThan(75_000);
      } finally {
        await backend.dispose();
      }
    },
  );
});
