// A stream thread on a broker in memory: turns of tasks, and commits that are refused for what is in them.
import { RefusedRecordsError } from '@activity/kafka';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { FatalError } from '../../api/errors.ts';
import { jsonSerde, stringSerde } from '../../api/serde.ts';
import { StreamsBuilder } from '../../dsl/streams-builder.ts';
import type { Topology } from '../../topology/topology.ts';
import { closeThreads, refusing, startThread as start, until } from '../../testing-support/thread-on-log.ts';
import type { FailureChoices } from '../failure-policy.ts';

const strings = { key: stringSerde, value: stringSerde };

afterEach(closeThreads);

function copy(): Topology {
  const builder = new StreamsBuilder();
  builder.stream('in', strings).to('out', strings);
  return builder.build();
}

const inputs = Array.from({ length: 300 }, (_, n) =>
  n === 137 || n === 138 || n === 290 ? `bad ${n}` : `${n}`,
);
const good = inputs.filter((value) => !value.startsWith('bad'));

describe('a commit that the broker refuses for what is in it', () => {
  const refuse = refusing('out', (value) => value.startsWith('bad'), 'content');

  test('is done again until the records are found, which are dead-lettered; the others are written once', async () => {
    const { thread, values, errors, lines } = start({
      topology: copy(),
      inputs: [inputs],
      refuse,
      failures: { onFailure: { production: 'deadLetter' }, deadLetterTopic: 'dead' },
    });
    await until(() => values('out').length >= good.length, lines);
    expect(values('out')).toEqual(good);
    expect(values('dead')).toEqual(['bad 137', 'bad 138', 'bad 290']);
    expect([thread.state, errors]).toEqual(['RUNNING', []]);
  });

  test('ends the application at the first of them where that was chosen, after what comes before it', async () => {
    const { thread, values, errors, lines, log } = start({ topology: copy(), inputs: [inputs], refuse });
    await until(() => thread.state === 'ERROR', lines);
    expect(errors).toMatchObject([{ code: 'PRODUCTION_FAILED' }]);
    expect(errors[0]?.message).toContain(
      'production of in-0 at offset 137: producing to out-0: INVALID_RECORD',
    );
    expect(values('out')).toEqual(good.slice(0, 137));
    expect(log.committed()).toMatchObject([{ topic: 'in', partition: 0, offset: 137 }]);
  });

  test('goes on without the bytes where the dead letter itself is refused', async () => {
    const refuseDead = refusing('dead', (value) => value.startsWith('bad'), 'content');
    const { values, log, lines } = start({
      topology: copy(),
      inputs: [['1', 'bad', '2']],
      refuse: (request) => {
        refuse(request);
        refuseDead(request);
      },
      failures: { onFailure: { production: 'deadLetter' }, deadLetterTopic: 'dead' },
    });
    await until(() => values('out').length >= 2, lines);
    expect(log.records('dead', 0)).toMatchObject([{ key: null, value: null }]);
  });
});

test('a commit whose every dead letter is refused ends the application with the code of the refusal', async () => {
  const refuseBad = refusing('out', (value) => value.startsWith('bad'), 'content');
  const { thread, errors, lines } = start({
    topology: copy(),
    inputs: [['1', 'bad', '2']],
    refuse: (request) => {
      refuseBad(request);
      refusing('dead', () => true, 'content')(request);
    },
    failures: { onFailure: { production: 'deadLetter' }, deadLetterTopic: 'dead' },
  });
  await until(() => thread.state === 'ERROR', lines);
  expect(errors).toMatchObject([{ code: 'BROKER_REFUSED' }]);
  expect(errors[0]).toBeInstanceOf(FatalError);
  expect(errors[0]?.message).toContain('producing to dead-0: INVALID_RECORD');
});

describe('records that cannot be read', () => {
  const unreadable = (): Topology => {
    const builder = new StreamsBuilder();
    builder.stream('in', { key: stringSerde, value: jsonSerde<unknown>() }).to('out');
    return builder.build();
  };
  const mixed = Array.from({ length: 1_000 }, (_, n) => (n % 10 === 0 ? `${n}` : `{ bad ${n}`));
  const failures: FailureChoices = { onFailure: { deserialization: 'deadLetter' }, deadLetterTopic: 'dead' };

  test.each([
    ['records', { maxUncommittedRecords: 60 }, { records: 60, bytes: 100_000 }],
    ['bytes', { maxUncommittedBytes: 10_000 }, { records: 1_000, bytes: 40_000 }],
  ])('count against the limit of a commit in %s', async (_what, settings, most) => {
    let [largest, bytes] = [0, 0];
    const { values, lines } = start({
      topology: unreadable(),
      inputs: [mixed, mixed],
      failures,
      // The last commit, of less than the limit, waits for it.
      settings: { ...settings, commitIntervalMs: 1_500 },
      refuse: ({ records }) => {
        largest = Math.max(largest, records.count);
        bytes = Math.max(bytes, records.bytes);
      },
    });
    await until(() => values('dead', 1).length === 900 && values('dead').length === 900, lines);
    expect(largest).toBeLessThanOrEqual(most.records);
    expect(bytes).toBeLessThan(most.bytes);
    expect(values('dead')).toEqual(mixed.filter((value) => value.startsWith('{')));
    expect(values('out').length + values('out', 1).length).toBe(200);
  });

  test('and whose dead letter is refused are found among the others', async () => {
    const refuse = refusing('dead', (value) => value === '{ bad 7' || value === '{ bad 501', 'content');
    const { values, log, lines, thread } = start({
      topology: unreadable(),
      inputs: [mixed],
      failures: {
        onFailure: { deserialization: 'deadLetter', production: 'deadLetter' },
        deadLetterTopic: 'dead',
      },
      refuse,
    });
    await until(() => values('dead').length === 900, lines);
    const bare = log.records('dead', 0).filter(({ value }) => value === null);
    expect(
      bare.map(({ headers }) => headers.find(({ key }) => key === 'dead-letter.offset')?.value?.toString()),
    ).toEqual(['7', '501']);
    expect(thread.state).toBe('RUNNING');
  });
});

test('a step that throws when the commit begins fails the record that it holds back, not the application', async () => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .groupByKey()
    .aggregate(
      () => '',
      (_key, value) => value,
      { value: stringSerde, store: 'counts', emit: 'commit' },
    )
    .toStream()
    .mapValues((value) => {
      if (value?.startsWith('bad')) throw new RangeError('not this one');
      return value;
    })
    .to('out', strings);
  const { values, thread, lines } = start({
    topology: builder.build(),
    inputs: [inputs],
    failures: { onFailure: { production: 'deadLetter', processing: 'deadLetter' }, deadLetterTopic: 'dead' },
  });
  await until(() => values('out').length >= good.length, lines);
  expect(values('out')).toEqual(good);
  expect(values('dead')).toEqual(['bad 137', 'bad 138', 'bad 290']);
  expect(thread.state).toBe('RUNNING');
});

test('times that a topic refuses become the time of day', async () => {
  const nextYear = Date.now() + 365 * 86_400_000;
  const { log, thread, lines } = start({
    topology: copy(),
    inputs: [['1', '2', '3']],
    timeOf: (n) => (n === 1 ? nextYear : n),
    refuse: ({ records }) => {
      const batches = [...(records.topics.get('out')?.values() ?? [])].flatMap(
        (partition) => partition.batches,
      );
      const about = {
        topic: 'out',
        partition: 0,
        refusedFor: 'time',
        records: 3,
        bytes: 100,
        ordinals: [1],
      } as const;
      if (batches.some(({ maxTimestamp }) => maxTimestamp > Date.now() + 3_600_000))
        throw new RefusedRecordsError('INVALID_TIMESTAMP', about);
    },
  });
  await until(() => log.records('out', 0).length === 3, lines);
  const times = log.records('out', 0).map(({ timestamp }) => timestamp);
  expect(times.toSpliced(1, 1)).toEqual([0, 2]);
  expect(times[1]).toBeLessThanOrEqual(Date.now());
  expect(thread.state).toBe('RUNNING');
});

test('batches that a topic finds too large become smaller', async () => {
  const { values, lines, thread } = start({
    topology: copy(),
    inputs: [Array.from({ length: 50 }, (_, n) => String(n).padEnd(1_000, 'x'))],
    refuse: ({ records }) => {
      for (const { batches } of records.topics.get('out')?.values() ?? [])
        for (const { length: bytes, count } of batches) {
          const about = {
            topic: 'out',
            partition: 0,
            refusedFor: 'size',
            records: count,
            bytes,
            ordinals: [],
          } as const;
          if (bytes > 3_000) throw new RefusedRecordsError('MESSAGE_TOO_LARGE', about);
        }
    },
  });
  await until(() => values('out').length === 50, lines);
  expect(thread.state).toBe('RUNNING');
});

test('a record that ends the application takes none of the records before it with it', async () => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .peek((_key, value) => {
      if (value === 'bad 137') throw new RangeError('no');
    })
    .to('out', strings);
  const { thread, values, errors, lines } = start({ topology: builder.build(), inputs: [inputs] });
  await until(() => thread.state === 'ERROR', lines);
  expect(errors[0]?.message).toBe('processing of in-0 at offset 137: no');
  expect(values('out')).toEqual(good.slice(0, 137));
});

test('a partition with a backlog lets the others have their turns', async () => {
  const done = new Map<string, number>();
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .peek(() => {
      for (const end = performance.now() + 1; performance.now() < end;);
    })
    .to('out', { key: stringSerde, value: stringSerde });
  const backlog = Array.from({ length: 3_000 }, (_, n) => String(n));
  const { lines } = start({
    topology: builder.build(),
    inputs: [backlog, ['a'], ['b'], ['c']],
    metrics: { processed: (task, records) => done.set(task, (done.get(task) ?? 0) + records) },
  });
  await until(() => done.size === 4, lines);
  expect(done.get('0_0')).toBeLessThan(500);
});

test('a slow step does not hold the loop up for more than its slice', async () => {
  const builder = new StreamsBuilder();
  builder
    .stream('in', strings)
    .peek(() => {
      for (const end = performance.now() + 10; performance.now() < end;);
    })
    .to('out', { key: stringSerde, value: stringSerde });
  let longest = 0;
  start({
    topology: builder.build(),
    inputs: [Array.from({ length: 60 }, (_, n) => String(n))],
    metrics: { processed: (_task, records) => (longest = Math.max(longest, records)) },
  });
  await until(() => longest > 0, []);
  await sleep(200);
  expect(longest).toBeLessThanOrEqual(3);
});
