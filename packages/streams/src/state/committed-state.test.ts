// The contract of committed state, for every backend: what is applied is there,
// in order, and survives as promised.
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkAsyncProperty, seeds } from '@activity/kafka/testing';
import { stateBackends, trickyKeys, type OpenBackend } from '../testing-support/state-backends.ts';
import { BloomFilter } from './bloom-filter.ts';
import type { CommittedState, StateChange } from './committed-state.ts';

let toDispose: OpenBackend[] = [];

afterEach(async () => {
  for (const backend of toDispose) await backend.dispose();
  toDispose = [];
});

function change(segment: number, key: string, data: string | undefined, timestamp = 0): StateChange {
  return { segment, key, data, timestamp };
}

function bytesOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function contentOf(state: CommittedState): [number, string, string, number][] {
  return state
    .segments()
    .flatMap((segment) =>
      [...state.entries(segment)].map(([key, { data, timestamp }]): [number, string, string, number] => [
        segment,
        key,
        String(data),
        timestamp,
      ]),
    );
}

describe.each(stateBackends)('committed state: $name', ({ persistent, create }) => {
  function begin(): OpenBackend {
    const backend = create();
    toDispose.push(backend);
    return backend;
  }

  test('is empty and at position 0 at first', async () => {
    const state = await begin().open();
    expect([
      state.position,
      state.size(),
      state.segments(),
      [...state.entries(0)],
      state.get(0, 'a'),
    ]).toEqual([0, 0, [], [], undefined]);
  });

  test('has what was applied, by segment, with its time', async () => {
    const state = await begin().open();
    state.apply([change(0, 'a', 'x', 5), change(1, 'a', 'y', 7), change(0, 'b', '')], 3);
    state.apply([change(0, 'a', 'z', 9)], 8);
    expect(state.get(0, 'a')).toMatchObject({ data: 'z', timestamp: 9 });
    expect(state.get(1, 'a')).toMatchObject({ data: 'y', timestamp: 7 });
    expect(state.get(0, 'b')).toMatchObject({ data: '', timestamp: 0 });
    expect([state.get(1, 'b'), state.get(2, 'a'), state.position]).toEqual([undefined, undefined, 8]);
  });

  test.each(['before', 'after'])('orders keys by their UTF-8 bytes %s a flush', async (when) => {
    const state = await begin().open();
    state.apply(
      trickyKeys.toReversed().map((key) => change(4, key, `value of ${key}`)),
      1,
    );
    if (when === 'after') await state.flush();
    expect([...state.entries(4)].map(([key]) => key)).toEqual(trickyKeys.toSorted(bytesOrder));
    for (const key of trickyKeys) expect(state.get(4, key)?.data).toBe(`value of ${key}`);
  });

  test('orders what is flushed and what is not as one', async () => {
    const state = await begin().open();
    state.apply(
      trickyKeys.filter((_key, i) => i % 2 === 0).map((key) => change(0, key, 'old')),
      1,
    );
    await state.flush();
    state.apply(
      trickyKeys.filter((_key, i) => i % 3 !== 0).map((key) => change(0, key, 'new')),
      2,
    );
    expect([...state.entries(0)].map(([key]) => key)).toEqual(
      trickyKeys.filter((_key, i) => i % 2 === 0 || i % 3 !== 0).toSorted(bytesOrder),
    );
  });

  test('keeps long keys and large values', async () => {
    const state = await begin().open();
    const key = 'k'.repeat(1900);
    const data = 'v'.repeat(900_000);
    state.apply([change(0, key, data)], 1);
    await state.flush();
    expect(state.get(0, key)?.data).toBe(data);
  });

  test('keeps bytes as they are', async () => {
    const state = await begin().open({ format: 'bytes' });
    const data = Buffer.from([0, 255, 1, 128, 10]);
    state.apply([{ segment: 0, key: 'a', data, timestamp: 1_795_000_000_000 }], 1);
    for (const flushed of [false, true]) {
      if (flushed) await state.flush();
      const stored = state.get(0, 'a');
      expect(Buffer.from(stored?.data as Buffer)).toEqual(data);
      expect(stored?.timestamp).toBe(1_795_000_000_000);
    }
  });

  test('keeps the stores of a task apart, also where one name begins like another', async () => {
    const backend = begin();
    const [one, two] = [await backend.open({ store: 'a' }), await backend.open({ store: 'a/b' })];
    one.apply([change(1, 'k', 'one')], 1);
    two.apply([change(1, 'k', 'two')], 2);
    await one.flush();
    await two.flush();
    expect([one.get(1, 'k')?.data, two.get(1, 'k')?.data]).toEqual(['one', 'two']);
    await one.clear();
    expect([one.get(1, 'k'), two.get(1, 'k')?.data, one.position, two.position]).toEqual([
      undefined,
      'two',
      0,
      2,
    ]);
  });

  test('drops whole segments, flushed or not, and takes new ones', async () => {
    const state = await begin().open();
    state.apply([change(1, 'a', 'x'), change(2, 'a', 'x')], 1);
    await state.flush();
    state.apply([change(1, 'b', 'x'), change(3, 'a', 'x')], 2);
    state.dropSegmentsBefore(3);
    expect(state.segments()).toEqual([3]);
    expect([state.get(1, 'a'), state.get(1, 'b'), state.get(2, 'a')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    state.apply([change(4, 'a', 'y')], 3);
    expect(contentOf(state).map(([segment, key]) => [segment, key])).toEqual([
      [3, 'a'],
      [4, 'a'],
    ]);
  });

  test('forgets neighbouring segments together, and shows none that was dropped', async () => {
    const state = await begin().open({ segmentsTogether: 10 });
    state.apply(
      [1, 2, 3, 11, 12].map((segment) => change(segment, 'a', 'x')),
      1,
    );
    await state.flush();
    state.dropSegmentsBefore(3);
    expect(state.segments()).toEqual([3, 11, 12]);
    state.dropSegmentsBefore(12);
    expect(state.segments()).toEqual([12]);
  });

  test('returns how much is not flushed', async () => {
    const state = await begin().open();
    state.apply([change(0, 'a', 'x'), change(0, 'b', 'x')], 1);
    state.apply([change(0, 'b', 'longer')], 2);
    const { unflushed, unflushedBytes } = state;
    await state.flush();
    expect([unflushed, state.unflushed]).toEqual([persistent ? 3 : 0, 0]);
    // A timeline store keeps what is replaced until it is written, too.
    expect([0, 7, 8]).toContain(unflushedBytes);
    expect([unflushedBytes > 0, state.unflushedBytes]).toEqual([persistent, 0]);
  });

  test('what was dropped before it was flushed waits for no flush', async () => {
    const state = await begin().open();
    state.apply([change(1, 'a', 'x'), change(2, 'b', 'xyz'), change(1, 'c', undefined)], 1);
    state.apply([change(3, 'a', 'xy'), change(1, 'a', 'long')], 2);
    state.dropSegmentsBefore(3);
    expect([state.unflushed, state.unflushedBytes]).toEqual(persistent ? [1, 2] : [0, 0]);
    state.apply([change(4, 'a', 'xyz')], 3);
    state.dropSegmentsBefore(9);
    expect([state.unflushed, state.unflushedBytes]).toEqual([0, 0]);
    await state.flush();
    expect([contentOf(state), state.position]).toEqual([[], 3]);
  });

  test.runIf(persistent)('flushes the newest change of a key, though nobody has looked at it', async () => {
    const backend = begin();
    const before = await backend.open();
    before.apply([change(1, 'a', 'x', 5), change(1, 'b', 'gone'), change(2, 'a', 'z', 7)], 1);
    before.apply([change(1, 'b', undefined), change(1, 'a', 'y', 6)], 2);
    await before.flush();
    await backend.restart();
    const after = await backend.open();
    expect([contentOf(after), after.position]).toEqual([
      [
        [1, 'a', 'y', 6],
        [2, 'a', 'z', 7],
      ],
      2,
    ]);
  });

  test('may be flushed while it is read and written', async () => {
    const state = await begin().open();
    state.apply([change(0, 'a', 'old'), change(0, 'b', 'old'), change(0, 'c', 'old')], 1);
    const flushed = state.flush();
    state.apply([change(0, 'b', undefined), change(0, 'c', 'new'), change(0, 'd', 'new')], 2);
    const expected = [
      ['a', 'old'],
      ['c', 'new'],
      ['d', 'new'],
    ];
    const entries = (): unknown[] => [...state.entries(0)].map(([key, { data }]) => [key, data]);
    expect(entries()).toEqual(expected);
    expect(state.get(0, 'b')).toBeUndefined();
    await flushed;
    expect(entries()).toEqual(expected);
    await state.flush();
    expect(entries()).toEqual(expected);
  });

  test.runIf(persistent)('survives a restart as far as it was flushed, position and all', async () => {
    const backend = begin();
    const before = await backend.open();
    before.apply([change(0, 'a', 'x', 5), change(7, 'b', 'y', 6)], 11);
    await before.flush();
    before.apply([change(0, 'a', 'lost'), change(7, 'b', undefined)], 12);
    await backend.restart();
    const after = await backend.open();
    expect(after.position).toBe(11);
    expect(contentOf(after)).toEqual([
      [0, 'a', 'x', 5],
      [7, 'b', 'y', 6],
    ]);
  });

  test.runIf(persistent)('is started again where it was made of another changelog', async () => {
    const backend = begin();
    const before = await backend.open({ changelogId: 'one' });
    before.apply([change(0, 'a', 'x'), change(7, 'b', 'y')], 11);
    await before.flush();
    await backend.restart();
    const same = await backend.open({ changelogId: 'one' });
    expect([same.position, same.size()]).toEqual([11, 2]);
    await backend.restart();
    const other = await backend.open({ changelogId: 'two' });
    expect([other.position, contentOf(other)]).toEqual([0, []]);
    other.apply([change(0, 'a', 'new')], 1);
    await other.flush();
    await backend.restart();
    const again = await backend.open({ changelogId: 'two' });
    expect([again.position, contentOf(again)]).toEqual([1, [[0, 'a', 'new', 0]]]);
  });

  test.runIf(persistent)('is started again where its segments had another length', async () => {
    const backend = begin();
    const where = { changelogId: 'one' };
    const before = await backend.open({ ...where, segmentMs: 10 });
    before.apply([change(7, 'a', 'x')], 11);
    await before.flush();
    const expiring = await backend.openExpiring({
      ...where,
      store: 'expiring',
      segmentMs: 10,
      runEntries: 1,
    });
    expiring.apply([change(7, 'a', 'x')], 11);
    await expiring.flush();
    for (const segmentMs of [10, 20]) {
      await backend.restart();
      const same = segmentMs === 10;
      const window = await backend.open({ ...where, segmentMs });
      expect([window.position, contentOf(window).length]).toEqual(same ? [11, 1] : [0, 0]);
      const other = await backend.openExpiring({ ...where, store: 'expiring', segmentMs, runEntries: 1 });
      expect([other.position, other.size()]).toEqual(same ? [11, 1] : [0, 0]);
    }
  });

  test.runIf(persistent).each(['dropped', 'cleared'])(
    'reads no database that was %s while the keys are read that were there at the start',
    async (how) => {
      const backend = begin();
      const keys = Array.from({ length: 12_000 }, (_, n) => `key ${n}`);
      const before = await backend.open({ segmentMs: 10 });
      before.apply(
        keys.map((key) => change(0, key, 'x')),
        1,
      );
      await before.flush();
      await backend.restart();
      const read = vi.spyOn(BloomFilter.prototype, 'add');
      const after = await backend.open({ segmentMs: 10, ...(how === 'cleared' && { changelogId: 'two' }) });
      if (how === 'dropped') after.dropSegmentsBefore(1);
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      // LMDB gives the number of a dropped database to the next one: what is read from then on are another's
      // keys.
      expect(read.mock.calls.length).toBeLessThanOrEqual(5_000);
      read.mockRestore();
      after.apply([change(2, 'b', 'y')], 2);
      await after.flush();
      expect(contentOf(after)).toEqual([[2, 'b', 'y', 0]]);
    },
  );

  test.runIf(!persistent)('starts again after a restart', async () => {
    const backend = begin();
    const before = await backend.open();
    before.apply([change(0, 'a', 'x')], 11);
    await before.flush();
    await backend.restart();
    const after = await backend.open();
    expect([after.position, after.size()]).toEqual([0, 0]);
  });

  test('a position without entries is a position', async () => {
    const backend = begin();
    const before = await backend.open();
    before.apply([], 42);
    await before.flush();
    expect(before.position).toBe(42);
    await backend.restart();
    expect((await backend.open()).position).toBe(persistent ? 42 : 0);
  });

  test('does as a map of maps would, whatever is done to it', async () => {
    const key = fc.oneof(fc.constantFrom(...trickyKeys), fc.string({ unit: 'binary', maxLength: 5 }));
    const changes = fc.array(
      fc
        .tuple(fc.nat(4), key, fc.option(fc.string({ maxLength: 4 }), { nil: undefined }), fc.nat(100))
        .map((args) => change(...args)),
      { maxLength: 12 },
    );
    type Step =
      | { do: 'apply'; changes: StateChange[] }
      | { do: 'drop'; before: number }
      | { do: 'flush' | 'restart' };
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('apply' as const), changes }) },
      { weight: 3, arbitrary: fc.constant({ do: 'flush' as const }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), before: fc.nat(5) }) },
      { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
    );
    type Content = { position: number; entries: Map<string, [number, string, string, number]> };
    await checkAsyncProperty(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const backend = create();
        try {
          let state = await backend.open();
          let now: Content = { position: 0, entries: new Map() };
          let flushed: Content = { position: 0, entries: new Map() };
          let dropped = 0;
          for (const [at, one] of steps.entries()) {
            if (one.do === 'apply') {
              const live = one.changes.filter(({ segment }) => segment >= dropped);
              state.apply(live, at + 1);
              now.position = at + 1;
              for (const { segment, key: name, data, timestamp } of live) {
                const id = `${segment}|${name}`;
                if (data === undefined) now.entries.delete(id);
                else now.entries.set(id, [segment, name, String(data), timestamp]);
              }
            } else if (one.do === 'drop') {
              dropped = Math.max(dropped, one.before);
              state.dropSegmentsBefore(dropped);
              for (const { entries } of [now, flushed]) {
                for (const [id, [segment]] of entries) if (segment < dropped) entries.delete(id);
              }
            } else if (one.do === 'flush') {
              await state.flush();
              flushed = { position: now.position, entries: new Map(now.entries) };
            } else {
              await backend.restart();
              state = await backend.open();
              now = persistent
                ? { position: flushed.position, entries: new Map(flushed.entries) }
                : { position: 0, entries: new Map() };
              dropped = 0;
            }
            const expected = [...now.entries.values()].toSorted(
              ([a, x], [b, y]) => a - b || bytesOrder(x, y),
            );
            expect(contentOf(state)).toEqual(expected);
            expect(state.position).toBe(now.position);
            for (const [segment, name, data] of expected) expect(state.get(segment, name)?.data).toBe(data);
          }
        } finally {
          await backend.dispose();
        }
      }),
      { numRuns: persistent ? Math.ceil(seeds / 10) : seeds },
    );
  });
});
