// A stream thread on Kafka in memory: what it commits, and as whom, when its group or its topics change under
// it.
import { setTimeout as sleep } from 'node:timers/promises';
import { RejoinError, RetriableError } from '@activity/kafka';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { FakeKafka, type AskedCommit } from '../../testing-support/fake-kafka.ts';
import type { Topology } from '../../topology/topology.ts';
import { failurePolicy } from '../failure-policy.ts';
import { StreamThread } from './stream-thread.ts';
import type { StreamThreadOptions } from './thread-options.ts';
import type { ThreadState } from './thread-state.ts';
import { topicNames } from '../topic-names.ts';
import { threadSettings } from '../../testing-support/thread-settings.ts';

let kafka: FakeKafka;
let thread: StreamThread;
const states: ThreadState[] = [];
const errors: string[] = [];
const strings = { key: stringSerde, value: stringSerde };

beforeEach(() => {
  kafka = new FakeKafka();
  states.length = 0;
  errors.length = 0;
});

afterEach(() => thread.close());

/** Sub-topology 0 copies `in` to `out`; 1 counts `counted` by key. */
function topology(): Topology {
  const builder = new StreamsBuilder();
  builder.stream('in', strings).to('out', strings);
  builder.stream('counted', strings).groupByKey().count({ store: 'counts' });
  return builder.build();
}

function start(options: Partial<StreamThreadOptions> = {}): void {
  const built = options.topology ?? topology();
  thread = new StreamThread({
    ...threadSettings(),
    topology: built,
    names: topicNames('app', built),
    kafka,
    failures: failurePolicy({ onFailure: undefined, deadLetterTopic: undefined }),
    maxUncommittedBytes: 1_000_000,
    maxBufferedRecords: 1000,
    stateFlushMs: 1000,
    maxUnflushedChanges: 1000,
    purgeIntervalMs: 1_000_000,
    rebalanceTimeoutMs: 10_000,
    metadataMaxAgeMs: 20,
    now: () => performance.now(),
    log: (level, message) => {
      if (level === 'error') errors.push(message);
    },
    onState: (state) => states.push(state),
    ...options,
  });
  thread.start();
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 10_000, interval: 5 });
}

function offsetsOf({ offsets }: AskedCommit): number[] {
  return offsets.map(({ offset }) => offset);
}

function committedOf(name: string): number | undefined {
  return kafka.committed.get(name)?.offset;
}

describe('an identity', () => {
  test('that was lost is never replaced by none: commits carry that of the assignment', async () => {
    kafka.topic('in', 1, 0, 5);
    kafka.topic('out', 1);
    kafka.topic('counted', 1);
    kafka.topic('app-counts-changelog', 1, 0, 10);
    kafka.silent.add('app-counts-changelog-0');
    start();
    await kafka.assign(['0_0', '1_0']);
    await until(() => expect(committedOf('in-0')).toBe(5));
    kafka.identity = { groupId: 'app', generationId: -1, memberId: '', groupInstanceId: null };
    kafka.bounds.set('in-0', { first: 0, end: 200 });
    await sleep(100);
    await kafka.handler.onLost(new RejoinError('GENERATION_STALE', 'UNKNOWN_MEMBER_ID'));
    const before = kafka.commits.length;
    await sleep(100);
    expect(kafka.commits.filter(({ group }) => (group?.generationId ?? -1) < 0)).toEqual([]);
    expect(kafka.commits.slice(before), 'commits after the loss').toEqual([]);
  });
});

describe('a partition without a committed offset', () => {
  test('that begins at the latest begins there once: what was aborted comes again', async () => {
    kafka.topic('in', 1, 0, 100);
    kafka.topic('out', 1);
    kafka.topic('counted', 1);
    kafka.topic('app-counts-changelog', 1);
    let isRefusing = true;
    kafka.refuse = () => (isRefusing ? new RetriableError('CONNECTION_LOST', 'a test') : undefined);
    start({ offsetReset: 'latest' });
    await kafka.assign(['0_0']);
    await until(() => expect(kafka.commits.flatMap(offsetsOf)).toContain(100));
    kafka.bounds.set('in-0', { first: 0, end: 110 });
    // The commit of what came is refused, and with it the choice of where to begin.
    await until(() => expect(kafka.commits.flatMap(offsetsOf)).toContain(110));
    kafka.bounds.set('in-0', { first: 0, end: 120 });
    const before = kafka.fetched.get('in-0')?.length ?? 0;
    await until(() => expect(kafka.fetched.get('in-0')?.slice(before)).toContain(100));
    isRefusing = false;
    await until(() => expect(committedOf('in-0')).toBe(120));
  });

  test('is committed where it begins at the latest, before a record came', async () => {
    kafka.topic('in', 1, 0, 100);
    kafka.topic('out', 1);
    start({ offsetReset: 'latest' });
    await kafka.assign(['0_0']);
    await until(() => expect(committedOf('in-0')).toBe(100));
  });
});

test('a thread that has no assignment yet is not running', async () => {
  kafka.topic('in', 1);
  start();
  await sleep(50);
  expect(states).toEqual(['REBALANCING']);
  await kafka.assign([]);
  await until(() => expect(states).toEqual(['REBALANCING', 'RUNNING']));
});

test('a member that is asked to shut down ends with that reason, and leaves the group', async () => {
  kafka.topic('in', 1);
  start();
  await kafka.assign([]);
  const request = { tasks: [], pending: 0, refused: false, shutdown: true };
  await kafka.handler.beforeJoin();
  await kafka.handler.onAssigned(Buffer.from(JSON.stringify(request)));
  await until(() => expect(states.at(-1)).toBe('ERROR'));
  expect(errors.join()).toContain('has asked all of them to shut down');
});

describe('a task that cannot begin yet', () => {
  beforeEach(() => {
    kafka.topic('in', 1, 0, 5);
    kafka.topic('out', 1);
    kafka.topic('counted', 1, 0, 7);
    kafka.topic('app-counts-changelog', 1);
  });

  test('for a transaction that another instance has open holds up neither the others nor the group', async () => {
    kafka.held.add('counted-0');
    start();
    await kafka.assign(['0_0', '1_0']);
    await until(() => expect(committedOf('in-0')).toBe(5));
    expect(states.at(-1)).toBe('RESTORING');
    await kafka.assign(['0_0', '1_0']);
    kafka.bounds.set('in-0', { first: 0, end: 9 });
    await until(() => expect(committedOf('in-0')).toBe(9));
    expect(committedOf('counted-0')).toBeUndefined();
    kafka.held.clear();
    await until(() => expect(committedOf('counted-0')).toBe(7));
    await until(() => expect(states.at(-1)).toBe('RUNNING'));
    expect(kafka.writers, 'one for all tasks').toBe(1);
  });

  test('for a broker that does not answer holds up neither the others nor the group', async () => {
    const answer = Promise.withResolvers<void>();
    kafka.beforeListing = async (names) => {
      if (names.includes('counted-0')) await answer.promise;
    };
    start();
    await kafka.assign(['0_0']);
    await until(() => expect(committedOf('in-0')).toBe(5));
    await kafka.assign(['0_0', '1_0']);
    kafka.bounds.set('in-0', { first: 0, end: 9 });
    await until(() => expect(committedOf('in-0')).toBe(9));
    // It is given away while its positions are looked for, and comes back.
    await kafka.assign(['0_0']);
    await kafka.assign(['0_0', '1_0']);
    answer.resolve();
    await until(() => expect(committedOf('counted-0')).toBe(7));
  });

  test('is tried again alone where looking for its positions fails', async () => {
    let failures = 0;
    kafka.beforeListing = async (names) => {
      if (names.includes('counted-0') && failures++ < 2) throw new RetriableError('TIMED_OUT', 'a test');
    };
    start();
    await kafka.assign(['0_0']);
    await until(() => expect(committedOf('in-0')).toBe(5));
    await kafka.assign(['0_0', '1_0']);
    await until(() => expect(committedOf('counted-0')).toBe(7));
    expect([kafka.writers, failures >= 2]).toEqual([1, true]);
  });
});

test('a transaction that took longer than it may is followed by smaller ones, and the group does not notice', async () => {
  kafka.topic('in', 1, 0, 400);
  kafka.topic('out', 1);
  const sizes: number[] = [];
  kafka.beforeCommit = async (records) => {
    sizes.push(records);
    if (records <= 20) return;
    await sleep(60);
    throw new RejoinError('PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH');
  };
  start({ transactionTimeoutMs: 50 });
  await kafka.assign(['0_0']);
  await until(() => expect(committedOf('in-0')).toBe(400));
  expect(
    sizes.some((size) => size > 20),
    'one that took too long',
  ).toBe(true);
  expect(kafka.bounds.get('out-0')?.end, 'each record once').toBe(400);
  expect(kafka.rejoins).toBe(0);
});

test('a fetch that did not reach the broker is made again: nothing that was processed is dropped', async () => {
  kafka.topic('in', 1, 0, 5);
  kafka.topic('out', 1);
  let failures = 0;
  kafka.failFetch = () =>
    failures++ % 2 === 0 ? new RetriableError('CONNECTION_LOST', 'a test') : undefined;
  start();
  await kafka.assign(['0_0']);
  await until(() => expect(committedOf('in-0')).toBe(5));
  kafka.bounds.set('in-0', { first: 0, end: 9 });
  await until(() => expect(committedOf('in-0')).toBe(9));
  expect([kafka.writers, failures > 2]).toEqual([1, true]);
});

describe('partitions that are added', () => {
  test('make the group assign again', async () => {
    kafka.topic('in', 1);
    kafka.topic('counted', 1);
    start();
    await kafka.assign([]);
    await sleep(100);
    expect(kafka.rejoins).toBe(0);
    kafka.topic('in', 2);
    await until(() => expect(kafka.rejoins).toBe(1));
  });

  test('without a changelog for them end the thread, which says what to do', async () => {
    kafka.topic('counted', 2);
    kafka.topic('app-counts-changelog', 1);
    start();
    await expect(kafka.assign(['1_1'])).rejects.toMatchObject({
      code: 'TOPIC_PARTITIONS_WRONG',
      message: expect.stringContaining('reset the application') as string,
    });
  });
});

describe('a task that nobody has', () => {
  afterEach(() => vi.useRealTimers());

  test('makes the group assign again after a while, whatever became of its owner', async () => {
    kafka.topic('in', 1);
    vi.useFakeTimers({ toFake: ['performance'] });
    start({ metadataMaxAgeMs: 1_000_000 });
    await kafka.assign([], 1);
    await sleep(50);
    expect(kafka.rejoins).toBe(0);
    vi.advanceTimersByTime(5_000);
    vi.useRealTimers();
    await until(() => expect(kafka.rejoins).toBe(1));
  });
});
