// A record that another partitioner has put elsewhere than its user's others: a dead letter, and nobody's
// numbers change.
import { logId } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';
import { expect, test } from 'vitest';
import { headerOf, openPipeline } from '../testing/pipeline.ts';

const at = Date.parse('2026-03-01T12:00:00.000Z');
const time = new Date(at).toISOString();
const partitions = 4;
const userId = 'ada';
const right = partitionOf(userId, partitions);
const wrong = (right + 1) % partitions;
const event = { userId, activityType: 'LOGIN', metadata: {}, timestamp: time, receivedAt: time };
const erase = { command: 'erase-user', userId, requestedAt: time };

test('an event and an erasure in a wrong partition are dead letters', () => {
  const { pipe, read, deadLetters } = openPipeline({ partitions });
  pipe(userId, { ...event, eventId: 'e1' }, at, { partition: right });
  for (let partition = 0; partition < partitions; partition++) {
    if (partition !== right) pipe(userId, { ...event, eventId: 'e1' }, at, { partition });
  }
  pipe(userId, erase, at, { partition: wrong });
  const letters = deadLetters();
  expect(letters.map((letter) => headerOf(letter, 'dead-letter.reason'))).toEqual(
    Array.from({ length: partitions }, () => 'wrong-partition'),
  );
  expect(headerOf(letters[0] as (typeof letters)[0], 'dead-letter.message')).toBe(
    `the key belongs to partition ${right} of ${partitions} (murmur2)`,
  );
  expect(read('enriched')).toHaveLength(1);
  expect(read('erasures')).toEqual([]);
  expect(read('users').at(-1)?.value).toMatchObject({ total: 1 });
});

test('a command that deletes one log goes where its id says, whatever its key', () => {
  const { pipe, read, deadLetters } = openPipeline({ partitions });
  pipe(userId, { ...event, eventId: 'e1' }, at, { partition: right });
  const command = { command: 'delete-log', id: logId(right, 0), requestedAt: time };
  pipe(undefined, command, at, { partition: right });
  pipe('key of another partition', command, at, { partition: right });
  expect(deadLetters()).toEqual([]);
  expect(read('enriched').slice(1)).toHaveLength(2);
});
