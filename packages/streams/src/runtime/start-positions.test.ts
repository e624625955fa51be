// Where tasks begin to read: after commits, without any, and where the broker has less or more than was
// committed.
import { beforeEach, describe, expect, test } from 'vitest';
import type { OffsetReset } from '../api/offset-reset.ts';
import { FakeKafka } from '../testing-support/fake-kafka.ts';
import { writeOffsetMetadata } from './offset-metadata.ts';
import { StartPositions } from './start-positions.ts';

let kafka: FakeKafka;
let errors: string[];
const input = [{ topic: 'in', partition: 0 }];

beforeEach(() => {
  kafka = new FakeKafka();
  errors = [];
  kafka.topic('in', 1, 10, 100);
});

function positions(offsetReset: OffsetReset = 'earliest'): StartPositions {
  return new StartPositions({
    kafka,
    groupId: 'app',
    resetOf: (topic) => (topic.startsWith('app-') ? 'earliest' : offsetReset),
    now: () => 10_000_000,
    log: (_level, message) => errors.push(message),
  });
}

async function startOf(starts: StartPositions, topic = 'in'): Promise<number | undefined> {
  return (await starts.find([{ topic, partition: 0 }])).offsets[0]?.offset;
}

function commit(offset: number, topicId?: string, leaderEpoch?: number): void {
  const metadata = writeOffsetMetadata({ partitionTime: 7, arrivalTime: -1, topicId, stepClocks: '' });
  kafka.committed.set('in-0', { topic: 'in', partition: 0, offset, leaderEpoch, metadata });
}

describe('without a commit', () => {
  test.each([
    ['earliest', 10],
    ['latest', 100],
  ] as const)('%s is %i', async (offsetReset, wanted) => {
    expect(await startOf(positions(offsetReset))).toBe(wanted);
  });

  test('the choice stands, however far the end has moved', async () => {
    const starts = positions('latest');
    await startOf(starts);
    kafka.bounds.set('in-0', { first: 10, end: 300 });
    expect(await startOf(starts)).toBe(100);
    kafka.bounds.set('in-0', { first: 200, end: 300 });
    expect(await startOf(starts)).toBe(200);
  });

  test('a choice of the latest is to be committed, one of the earliest need not be', async () => {
    expect((await positions('latest').find(input)).offsets).toMatchObject([{ uncommitted: true }]);
    expect((await positions('earliest').find(input)).offsets).toMatchObject([{ uncommitted: false }]);
  });

  test('a duration is where the records of that time begin, or the end', async () => {
    kafka.timed.set('in-0', { offset: 70, timestamp: 9_000_000 });
    expect((await positions({ byDuration: '20m' }).find(input)).offsets).toMatchObject([
      { offset: 70, uncommitted: true },
    ]);
    expect(await startOf(positions({ byDuration: '10m' }))).toBe(100);
  });

  test('none is an error', async () => {
    await expect(startOf(positions('none'))).rejects.toMatchObject({ code: 'OFFSET_MISSING' });
  });

  test('a repartition topic begins at the earliest: another instance may have written to it', async () => {
    kafka.topic('app-by-name', 1, 0, 50);
    expect(await startOf(positions('latest'), 'app-by-name')).toBe(0);
  });
});

describe('with a commit', () => {
  test('none is an error where that offset is gone, or of another topic', async () => {
    commit(42, 'id-of-in');
    expect(await startOf(positions('none'))).toBe(42);
    commit(4);
    await expect(startOf(positions('none'))).rejects.toMatchObject({ code: 'OFFSET_MISSING' });
    commit(42, 'another');
    await expect(startOf(positions('none'))).rejects.toMatchObject({ code: 'OFFSET_MISSING' });
    commit(400);
    await expect(startOf(positions('none'))).rejects.toMatchObject({ code: 'OFFSET_MISSING' });
  });

  test('reading goes on there', async () => {
    commit(42);
    expect(await startOf(positions('latest'))).toBe(42);
    expect(errors).toEqual([]);
  });

  test('before what is left, what is gone is said', async () => {
    commit(4);
    expect(await startOf(positions())).toBe(10);
    expect(errors).toEqual(['in-0: input was deleted before it was processed; going on from what is left']);
  });

  test('beyond the end of the same topic, reading goes on at the end: the broker has lost records', async () => {
    commit(120, 'id-of-in');
    expect(await startOf(positions())).toBe(100);
    expect(errors[0]).toContain('lost records');
  });

  test('where the broker has lost records, nothing written since is skipped, whatever is asked again', async () => {
    commit(120, 'id-of-in');
    const starts = positions();
    expect((await starts.find(input)).offsets).toMatchObject([{ offset: 100, uncommitted: true }]);
    kafka.bounds.set('in-0', { first: 10, end: 150 });
    expect(await startOf(starts)).toBe(100);
    expect(errors).toHaveLength(1);
    starts.committed(input);
    // The same offset, committed after the 20 records in between.
    expect(await startOf(starts)).toBe(120);
  });

  test.each([undefined, 'id-of-another'])(
    'beyond the end of a new topic (%s), reading begins where that topic does',
    async (id) => {
      commit(120, id);
      expect(await startOf(positions())).toBe(10);
      expect(await startOf(positions('latest'))).toBe(100);
      expect(errors[0]).toContain('it is a new topic');
    },
  );

  test('within a new topic that is longer already, reading begins where that topic does', async () => {
    commit(42, 'id-of-another');
    const starts = positions();
    expect((await starts.find(input)).offsets).toMatchObject([{ offset: 10, uncommitted: true }]);
    expect(await startOf(starts)).toBe(10);
    expect(errors[0]).toContain('it is a new topic');
  });

  test('where other records have taken the place of those that were processed, reading goes on with these', async () => {
    commit(80, 'id-of-in', 3);
    kafka.epochEnds.set('in-0', { offset: 60, leaderEpoch: 3 });
    const starts = positions();
    const found = [{ offset: 60, leaderEpoch: 3, uncommitted: true }];
    expect((await starts.find(input)).offsets).toMatchObject(found);
    expect((await starts.find(input)).offsets).toMatchObject(found);
    expect(errors).toEqual([
      'in-0: the broker has lost records that were processed; going on after those that it has kept',
    ]);
    kafka.bounds.set('in-0', { first: 70, end: 100 });
    expect(await startOf(starts)).toBe(70);
  });

  test('an epoch that goes on beyond the offset, or that the broker does not know, changes nothing', async () => {
    commit(80, 'id-of-in', 3);
    kafka.epochEnds.set('in-0', { offset: 80, leaderEpoch: 3 });
    expect((await positions().find(input)).offsets).toMatchObject([{ offset: 80, leaderEpoch: 3 }]);
    kafka.epochEnds.clear();
    const [start] = (await positions().find(input)).offsets;
    expect(start).toMatchObject({ offset: 80, uncommitted: false });
    expect(start?.leaderEpoch).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test('of a new topic the leader epochs say nothing', async () => {
    commit(42, 'id-of-another', 9);
    kafka.epochEnds.set('in-0', { offset: 30, leaderEpoch: 0 });
    expect(await startOf(positions())).toBe(10);
    expect(errors[0]).toContain('it is a new topic');
  });
});
