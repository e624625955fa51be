import type { Freshness } from '@activity/contracts';
import { createLogger } from '@activity/service';
import type { TopicDescription } from '@activity/streams';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { FreshnessTracker } from './freshness.ts';

const logger = createLogger('test', 'silent');

/**
 * A pipeline of offsets: raw, a repartition topic,
 * and two derived topics with their sinks; two partitions each.
 */
function pretendedPipeline() {
  const ends = new Map(['raw', 'app-minutes-repartition', 'logs', 'counts'].map((topic) => [topic, [0, 0]]));
  const committed = new Map<string, (number | undefined)[]>();
  const documents = new Map<string, Freshness>();
  const state = {
    ends,
    committed,
    documents,
    ids: new Map<string, string>(),
    empty: new Set<string>(),
    /** Offsets of markers and aborted records, by topic. */
    nothing: new Map<string, Set<number>>(),
    now: 1_000,
    asked: 0,
  };
  function described(topic: string): TopicDescription {
    return {
      name: topic,
      id: state.ids.get(topic) ?? `id of ${topic}`,
      partitions: ends.get(topic)?.length ?? 0,
    };
  }
  function tracker(): FreshnessTracker {
    return new FreshnessTracker({
      reader: {
        describe: async (topics) =>
          new Map(topics.filter((one) => ends.has(one)).map((one) => [one, described(one)])),
        ends: async (topics) => new Map([...topics].map(({ name }) => [name, [...(ends.get(name) ?? [])]])),
        positions: async (group, topics) =>
          new Map(
            [...topics].map(({ name, partitions }) => {
              const found = committed.get(`${group} ${name}`) ?? [];
              return [name, Array.from({ length: partitions }, (_, partition) => found[partition])];
            }),
          ),
        async firstRecord({ topic, partition }, from, to) {
          state.asked++;
          for (let offset = from; offset < to; offset++) {
            if (!state.nothing.get(`${topic} ${partition}`)?.has(offset)) return offset;
          }
          return 'none';
        },
      },
      record: {
        read: async () => new Map(documents),
        isEmpty: async (collection) => state.empty.has(collection),
        async replace(known) {
          const { asOf } = documents.get(known._id) ?? {};
          documents.set(known._id, { ...(asOf && { asOf }), ...known });
        },
        async advance(all) {
          for (const one of all) if (documents.has(one._id)) documents.set(one._id, one);
          return all.every(({ _id }) => documents.has(_id));
        },
      },
      raw: 'raw',
      sinks: [
        { connector: 'logs-sink', collection: 'logs', topic: 'logs' },
        { connector: 'counts-sink', collection: 'counts', topic: 'counts' },
      ],
      groupId: 'app',
      repartitions: async () => ['app-minutes-repartition'],
      now: () => state.now,
      logger,
    });
  }
  /** Looks once, a second later. */
  async function look(following: FreshnessTracker): Promise<Record<string, number | undefined>> {
    state.now += 1_000;
    await following.look();
    return Object.fromEntries(
      ['logs', 'counts'].map((collection) => [collection, following.asOf(collection)?.getTime()]),
    );
  }
  function commit(group: string, topic: string, ...offsets: number[]): void {
    committed.set(`${group} ${topic}`, offsets);
  }
  return { ...state, state, tracker, look, commit };
}

let pipeline: ReturnType<typeof pretendedPipeline>;
beforeEach(() => {
  pipeline = pretendedPipeline();
});

describe('asOf', () => {
  test('is the moment of the look while there is nothing', async () => {
    const { look, tracker } = pipeline;
    expect(await look(tracker())).toEqual({ logs: 2_000, counts: 2_000 });
  });

  test('is each connector’s own, and stands until it has stored all that was there', async () => {
    const { look, tracker, commit, ends } = pipeline;
    const following = tracker();
    await look(following);
    ends.set('raw', [5, 0]);
    expect(await look(following)).toEqual({ logs: 2_000, counts: 2_000 });
    commit('app', 'raw', 5, 0);
    ends.set('logs', [5, 0]);
    ends.set('app-minutes-repartition', [0, 2]);
    expect(await look(following)).toEqual({ logs: 2_000, counts: 2_000 });
    commit('app', 'app-minutes-repartition', 0, 2);
    ends.set('counts', [0, 3]);
    commit('connect-logs-sink', 'logs', 5, 0);
    expect(await look(following)).toEqual({ logs: 5_000, counts: 2_000 });
    commit('connect-counts-sink', 'counts', 0, 3);
    expect(await look(following)).toEqual({ logs: 6_000, counts: 6_000 });
  });

  test('advances under a load that never ends, some looks behind', async () => {
    const { look, tracker, commit, ends, state } = pipeline;
    const following = tracker();
    let offset = 0;
    for (let round = 0; round < 40; round++) {
      offset += 10;
      ends.set('raw', [offset, offset]);
      commit('app', 'raw', offset - 7, offset - 7);
      ends.set('logs', [offset - 5, offset - 5]);
      ends.set('counts', [offset - 5, offset - 5]);
      for (const name of ['logs', 'counts']) commit(`connect-${name}-sink`, name, offset - 15, offset - 15);
      await look(following);
    }
    expect(state.now - (following.asOf('logs')?.getTime() ?? 0)).toBeLessThanOrEqual(4_000);
  });

  test('a stopped partition, whichever stage stands, holds it; the oldest probe is not lost', async () => {
    const { look, tracker, commit, ends, state } = pipeline;
    const following = tracker();
    await look(following);
    for (let round = 1; round <= 200; round++) {
      ends.set('raw', [round, round]);
      commit('app', 'raw', round, 0);
      expect(await look(following)).toEqual({ logs: 2_000, counts: 2_000 });
    }
    commit('app', 'raw', 200, 60);
    await look(following);
    expect(following.asOf('logs')?.getTime()).toBeGreaterThan(2_000);
    expect(following.asOf('logs')?.getTime()).toBeLessThanOrEqual(62_000);
    expect(state.asked).toBeLessThan(300);
  });

  test('the marker of the last transaction is nothing that is to be stored; a record is', async () => {
    const { look, tracker, commit, ends, state } = pipeline;
    const following = tracker();
    ends.set('logs', [8, 0]);
    commit('connect-logs-sink', 'logs', 7, 0);
    expect(await look(following)).toEqual({ logs: undefined, counts: 2_000 });
    commit('connect-logs-sink', 'logs', 8, 0);
    ends.set('logs', [9, 0]);
    state.nothing.set('logs 0', new Set([8]));
    expect(await look(following)).toEqual({ logs: 3_000, counts: 3_000 });
    const { asked } = state;
    await look(following);
    expect(state.asked).toBe(asked);
  });

  test('a restart of the supervisor forgets nothing, and never goes back', async () => {
    const { look, tracker, ends } = pipeline;
    await look(tracker());
    ends.set('raw', [1, 0]);
    expect(await look(tracker())).toEqual({ logs: 2_000, counts: 2_000 });
  });

  test('is not known while the processor reads again, also where that began meanwhile', async () => {
    const { look, tracker, commit, ends } = pipeline;
    ends.set('raw', [5, 5]);
    commit('app', 'raw', 5, 5);
    await look(tracker());
    commit('app', 'raw');
    const following = tracker();
    expect(await look(following)).toEqual({ logs: undefined, counts: undefined });
    commit('app', 'raw', 3, 5);
    expect(await look(following)).toEqual({ logs: undefined, counts: undefined });
    commit('app', 'raw', 5, 5);
    expect(await look(following)).toEqual({ logs: 5_000, counts: 5_000 });
  });

  test('is not known of the one connector that was set back', async () => {
    const { look, tracker, commit, ends } = pipeline;
    ends.set('logs', [5, 5]);
    commit('connect-logs-sink', 'logs', 5, 5);
    const following = tracker();
    await look(following);
    commit('connect-logs-sink', 'logs', 5, 1);
    expect(await look(following)).toEqual({ logs: undefined, counts: 3_000 });
    commit('connect-logs-sink', 'logs', 5, 5);
    expect(await look(following)).toEqual({ logs: 4_000, counts: 4_000 });
  });

  test('says nothing of topics that were made again, until their records are stored', async () => {
    const { look, tracker, ends, ids, commit } = pipeline;
    const following = tracker();
    await look(following);
    ids.set('raw', 'another');
    ends.set('raw', [1, 0]);
    expect(await look(following)).toEqual({ logs: undefined, counts: undefined });
    commit('app', 'raw', 1, 0);
    expect(await look(following)).toEqual({ logs: 4_000, counts: 4_000 });
  });

  test('says nothing of a database that was lost, until the sink has been set back and has stored all', async () => {
    const { look, tracker, commit, ends, documents, empty } = pipeline;
    ends.set('logs', [5, 5]);
    commit('connect-logs-sink', 'logs', 5, 5);
    const following = tracker();
    await look(following);
    documents.clear();
    empty.add('logs');
    await look(following);
    for (const one of [following, tracker()]) expect((await look(one))['logs']).toBeUndefined();
    commit('connect-logs-sink', 'logs', 0, 0);
    expect((await look(following))['logs']).toBeUndefined();
    commit('connect-logs-sink', 'logs', 5, 5);
    expect((await look(following))['logs']).toBeGreaterThan(5_000);
  });
});

/** What can happen between two looks: something is taken, or a reader goes on. */
type Step = 'take' | 'process' | 'store logs' | 'store counts' | 'look' | 'restart';

test('in any order of work: nothing that was taken before asOf is missing', async () => {
  const steps = fc.array(
    fc.tuple(
      fc.constantFrom<Step>(
        'take',
        'take',
        'process',
        'store logs',
        'store counts',
        'look',
        'look',
        'restart',
      ),
      fc.nat(1),
      fc.integer({ min: 1, max: 3 }),
    ),
    { maxLength: 80 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { look, tracker, commit, ends, state } = pretendedPipeline();
      let following = tracker();
      /**
       * When each raw record was taken; how far each reader is.
       * One raw record becomes one in each derived topic.
       */
      const taken: number[][] = [[], []];
      const done = [0, 0];
      const stored = { logs: [0, 0], counts: [0, 0] };
      let before = { logs: 0, counts: 0 };
      for (const [step, partition, count] of all) {
        const lengths = taken.map(({ length }) => length);
        if (step === 'take') for (let i = 0; i < count; i++) taken[partition]?.push(++state.now);
        if (step === 'process')
          done[partition] = Math.min((done[partition] ?? 0) + count, lengths[partition] ?? 0);
        if (step === 'store logs' || step === 'store counts') {
          const mine = stored[step === 'store logs' ? 'logs' : 'counts'];
          mine[partition] = Math.min((mine[partition] ?? 0) + count, done[partition] ?? 0);
        }
        ends.set(
          'raw',
          taken.map(({ length }) => length),
        );
        commit('app', 'raw', ...done);
        for (const topic of ['logs', 'counts'] as const) {
          ends.set(topic, [...done]);
          commit(`connect-${topic}-sink`, topic, ...stored[topic]);
        }
        if (step === 'restart') following = tracker();
        if (step !== 'look') continue;
        const said = await look(following);
        for (const topic of ['logs', 'counts'] as const) {
          const asOf = said[topic] ?? 0;
          expect(asOf).toBeGreaterThanOrEqual(before[topic]);
          before = { ...before, [topic]: asOf };
          for (const [one, times] of taken.entries()) {
            expect(times.slice(stored[topic][one]).filter((time) => time < asOf)).toEqual([]);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
