import { logId } from '@activity/contracts';
import type { ReadRecord } from '@activity/streams';
import { describe, expect, test } from 'vitest';
import { matches, noteHeaders, openLetters, readLetter, type Letter, type Note } from './letter.ts';
import { replayAll } from './replay.ts';

function record(
  offset: number,
  headers: Record<string, string> | Note,
  fields: Partial<ReadRecord> = {},
): ReadRecord {
  return {
    partition: 1,
    offset,
    timestamp: 1_000 * offset,
    key: Buffer.from('u'),
    value: Buffer.from('{'),
    headers:
      'of' in headers && 'action' in headers
        ? noteHeaders(headers as Note)
        : Object.entries(headers).map(([key, value]) => ({ key, value: Buffer.from(value) })),
    ...fields,
  };
}

const headers = {
  traceparent: 't',
  'dead-letter.topic': 'raw',
  'dead-letter.partition': '1',
  'dead-letter.offset': '17',
  'dead-letter.reason': 'invalid',
  'dead-letter.stage': 'admit',
  'dead-letter.message': 'no',
  '__streams.errors.exception': 'invalid',
  '__streams.errors.offset': '17',
};

async function* stream(records: readonly ReadRecord[]): AsyncGenerator<ReadRecord> {
  for (const one of records) yield await Promise.resolve(one);
}

test('a letter says where it came from, and keeps the record’s own headers', () => {
  expect(readLetter(record(3, headers))).toEqual({
    id: '1/3',
    reason: 'invalid',
    stage: 'admit',
    message: 'no',
    timestamp: 3_000,
    from: { topic: 'raw', partition: 1, offset: 17 },
    key: Buffer.from('u'),
    value: Buffer.from('{'),
    headers: [{ key: 'traceparent', value: Buffer.from('t') }],
    omitted: false,
  });
});

test('a letter has the time of its record, not that of the letter', () => {
  expect(readLetter(record(3, { ...headers, 'dead-letter.timestamp': '1234' }))).toMatchObject({
    timestamp: 1_234,
  });
});

test.each([
  [{ reason: 'invalid' }, true],
  [{ reason: 'too-deep' }, false],
  [{ since: 3_000 }, true],
  [{ since: 3_001 }, false],
  [{ until: 3_000 }, false],
  [{ id: '1/3', until: 3_001 }, true],
  [{ id: '0/3' }, false],
])('the filter %j: %j', (filter, meant) => {
  const all = { reason: undefined, since: undefined, until: undefined, id: undefined };
  expect(matches(readLetter(record(3, headers)) as Letter, { ...all, ...filter })).toBe(meant);
});

describe('replaying', () => {
  test('twice replays each letter once, and leaves those that have no bytes', async () => {
    const topic = [
      record(1, headers),
      record(2, { ...headers, 'dead-letter.omitted': 'large' }),
      record(3, headers),
    ];
    const replayed: string[] = [];
    const writer = {
      replay: async ({ id }: Letter): Promise<void> => void replayed.push(id),
      note: async ({ id }: Letter, action: Note['action']): Promise<void> =>
        void topic.push(record(topic.length + 1, { of: id, action })),
    };
    const first = await replayAll(await openLetters(stream(topic)), writer, new Map());
    expect(first).toMatchObject({ replayed: 2, left: [{ letter: { id: '1/2' } }] });
    expect((await replayAll(await openLetters(stream(topic)), writer, new Map())).replayed).toBe(0);
    expect(replayed).toEqual(['1/1', '1/3']);
  });

  test('leaves the letters of a user who was erased after them, also those that came back, and says so', async () => {
    const value = Buffer.from('{"userId":"v","activityType":"?"}');
    const replayed = { ...headers, 'dead-letter.offset': '40', 'replay.from': '1/17' };
    const letters = await openLetters(
      stream([record(1, headers), record(2, replayed), record(3, headers, { key: null, value })]),
    );
    const done: string[] = [];
    const writer = {
      replay: async ({ id }: Letter): Promise<void> => void done.push(id),
      note: async (): Promise<void> => {},
    };
    const erased = new Map([
      ['u', logId(1, 30)],
      ['v', logId(1, 18)],
    ]);
    const { left } = await replayAll(letters, writer, erased);
    expect(left.map(({ letter, why }) => `${letter.id}: ${why}`)).toEqual([
      `1/1: its user was erased after it (erasure ${logId(1, 30)})`,
      `1/2: its user was erased after it (erasure ${logId(1, 30)})`,
      `1/3: its user was erased after it (erasure ${logId(1, 18)})`,
    ]);
    expect(done).toEqual([]);
    await replayAll(letters, writer, new Map([['u', logId(1, 16)]]));
    expect(done).toEqual(['1/1', '1/2', '1/3']);
  });

  test('does not show what was discarded', async () => {
    const letters = await openLetters(
      stream([record(1, headers), record(2, { of: '1/1', action: 'discarded' })]),
    );
    expect(letters).toEqual([]);
  });
});
