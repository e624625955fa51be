// The offsets that a reset gives to input topics.
import { beforeEach, expect, test } from 'vitest';
import { FakeKafka } from '../testing-support/fake-kafka.ts';
import { resetOffsets, type ResetPosition } from './positions.ts';

let kafka: FakeKafka;
beforeEach(() => {
  kafka = new FakeKafka();
  kafka.topic('in', 2, 10, 100);
  kafka.committed.set('in-0', { topic: 'in', partition: 0, offset: 50, metadata: '' });
  kafka.timed.set('in-0', { offset: 70, timestamp: 9_000_000 });
});

function offsets(to: ResetPosition, topics = ['in']): Promise<{ offset: number }[]> {
  return resetOffsets({ kafka, groupId: 'app', topics, to, now: 10_000_000 });
}

test.each<[ResetPosition, number, number]>([
  ['earliest', 10, 10],
  ['latest', 100, 100],
  [{ offset: 60 }, 60, 60],
  [{ offset: 3 }, 10, 10],
  [{ offset: 300 }, 100, 100],
  [{ datetime: 9_000_000 }, 70, 100],
  [{ datetime: 9_000_001 }, 100, 100],
  [{ byDuration: '20m' }, 70, 100],
  [{ shiftBy: -5 }, 45, 10],
  [{ shiftBy: 20 }, 70, 30],
  [{ shiftBy: 200 }, 100, 100],
])('%j: one partition has an offset and a record of a time, the other none', async (to, first, second) => {
  expect((await offsets(to)).map(({ offset }) => offset)).toEqual([first, second]);
});

test('what is no position, and topics that do not exist, are refused', async () => {
  await expect(offsets('earliest', ['in', 'no'])).rejects.toMatchObject({ code: 'TOPIC_UNKNOWN' });
  await expect(offsets({ offset: 1.5 })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
});
