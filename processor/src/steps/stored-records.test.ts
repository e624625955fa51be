// What is no record of the pipeline's in the topics that its stores are restored from: read as nothing, and
// the next record is processed.
import { defaultTopics } from '@activity/contracts';
import { bytesSerde, stringSerde } from '@activity/streams';
import { expect, test } from 'vitest';
import { headerOf, openPipeline } from '../testing/pipeline.ts';
import { globalCountSerde, minutePartSerde, userRecordSerde } from './stored-records.ts';

const at = Date.parse('2026-03-01T12:00:00.000Z');
const time = new Date(at).toISOString();
const userId = 'u';
const event = { userId, activityType: 'LOGIN', metadata: {}, timestamp: time, receivedAt: time };

const junk = [
  '',
  '{',
  'null',
  '[]',
  '7',
  '"text"',
  '{}',
  '{"deletedAt":7,"by":1}',
  '{"deletedAt":"2026-03-01T12:00:00.000Z","by":"x"}',
  '{"total":"many","byType":{},"rolling":{},"firstSeen":"","lastSeen":"","lastId":1}',
  '{"total":1,"byType":null,"rolling":{},"firstSeen":"","lastSeen":"","lastId":1}',
  '{"total":1,"byType":{"LOGIN":-1},"rolling":{},"firstSeen":"","lastSeen":"","lastId":1}',
  '{"parts":{"0":null}}',
  '{"parts":{"0":{"LOGIN":"many"}}}',
  '{"parts":"text"}',
];

test.each(junk)('%s is no record', (text) => {
  for (const serde of [userRecordSerde, globalCountSerde, minutePartSerde]) {
    expect(serde.format === 'text' && serde.deserialize(text)).toBeUndefined();
  }
});

test.each(junk)('a store that finds %s goes on as if it were not there', (text) => {
  const { driver, pipe, read, deadLetters } = openPipeline();
  pipe(userId, { ...event, eventId: 'e1' }, at);
  for (const topic of ['users', 'globalCounts', 'decisions'] as const) {
    const input = driver.input(defaultTopics[topic], { key: stringSerde, value: bytesSerde });
    const key = { users: userId, globalCounts: `minute|${time}`, decisions: '0' }[topic];
    input.pipe(key, Buffer.from(text), at);
  }
  driver.crash();
  // A command names no duplicate, whatever the decisions say.
  pipe(userId, { command: 'erase-user', userId, requestedAt: time }, at + 1);
  pipe(userId, { ...event, eventId: `e${'x'.repeat(40)}` }, at + 2);
  driver.commit();
  expect(read('erasures')).toHaveLength(1);
  expect(deadLetters().map((letter) => headerOf(letter, 'dead-letter.reason'))).not.toContain('invalid');
});

test('a part of a minute that is none is a dead letter', () => {
  const { driver, deadLetters } = openPipeline();
  const input = driver.input('test-minutes-repartition', { key: stringSerde, value: stringSerde });
  input.pipe('2026-03-01T12:00:00.000Z', '{"partition":0}', at);
  input.pipe('2026-03-01T12:00:00.000Z', 'null', at);
  expect(deadLetters().map((letter) => headerOf(letter, 'dead-letter.message'))).toEqual([
    'not a count of a minute',
    'not a count of a minute',
  ]);
});
