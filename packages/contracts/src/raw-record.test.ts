import { expect, test } from 'vitest';
import { isCommand, rawRecord } from './raw-record.ts';

const at = '2026-01-02T03:04:05.678Z';
const event = {
  eventId: 'e',
  userId: 'u',
  activityType: 'LOGIN',
  metadata: {},
  timestamp: at,
  receivedAt: at,
};

test.each<[object, boolean]>([
  [event, false],
  [{ command: 'delete-log', id: 1024, requestedAt: at }, true],
  [{ command: 'erase-user', userId: 'u', requestedAt: at }, true],
])('%j is a raw record', (record, command) => {
  expect(rawRecord.parse(record)).toEqual(record);
  expect(isCommand(record)).toBe(command);
});

test.each([
  {},
  { command: 'delete-log', id: -1, requestedAt: at },
  { command: 'delete-log', id: 2 ** 53, requestedAt: at },
  { command: 'delete-log', requestedAt: at },
  { command: 'erase-user', userId: '', requestedAt: at },
  { command: 'drop', requestedAt: at },
  { ...event, timestamp: '2026-01-02T03:04:05Z' },
])('%j is none', (record) => {
  expect(rawRecord.safeParse(record).success).toBe(false);
});
