// Times: no clock but Kafka's moves what all users share, and a log whose clock was ahead says so.
import { defaultTopics } from '@activity/contracts';
import { describe, expect, test } from 'vitest';
import { headerOf, openPipeline, type TestPipeline } from '../testing/pipeline.ts';

const start = Date.parse('2026-03-01T12:00:00.000Z');
const minute = 60_000;
const hour = 60 * minute;

function iso(time: number): string {
  return new Date(time).toISOString();
}

interface Times {
  received?: number;
  timestamp?: number;
  given?: boolean;
}

let sent = 0;

function pipeEvent({ pipe }: TestPipeline, at: number, said: Times = {}): void {
  const { received = at, timestamp = received, given } = said;
  const event = { eventId: `e${sent++}`, userId: 'u', activityType: 'LOGIN', metadata: {} };
  pipe('u', { ...event, timestamp: iso(timestamp), receivedAt: iso(received), timestampGiven: given }, at);
}

const times = ['timestamp', 'receivedAt', 'receivedAtCorrected', 'clamped', 'late'];

/** What the newest log says of times. */
function newest({ read }: TestPipeline): Record<string, unknown> {
  const log = read('enriched').at(-1)?.value ?? {};
  return Object.fromEntries(Object.entries(log).filter(([name]) => times.includes(name)));
}

test('a log received after Kafka had it gets the time of Kafka, and is marked', () => {
  const pipeline = openPipeline();
  pipeEvent(pipeline, start, { received: start + 50 * minute });
  expect(newest(pipeline)).toEqual({
    timestamp: iso(start),
    receivedAt: iso(start),
    receivedAtCorrected: true,
  });
  // What the client says is held to 5 minutes after that.
  pipeEvent(pipeline, start, { received: start + 50 * minute, timestamp: start + hour });
  expect(newest(pipeline)).toEqual({
    timestamp: iso(start + 5 * minute),
    receivedAt: iso(start),
    receivedAtCorrected: true,
    clamped: true,
  });
  // A client's time that happens to be the edge's is a client's.
  pipeEvent(pipeline, start, { received: start + hour, given: true });
  expect(newest(pipeline)).toMatchObject({ timestamp: iso(start + 5 * minute), clamped: true });
});

test('a log whose time the edge has corrected is marked', () => {
  const { pipe, read } = openPipeline();
  const event = { eventId: 'e', userId: 'u', activityType: 'LOGIN', metadata: {}, receivedAt: iso(start) };
  pipe('u', { ...event, timestamp: iso(start - 7), timestampCorrected: true }, start);
  expect(read('enriched').at(-1)?.value).toMatchObject({
    timestamp: iso(start - 7),
    timestampCorrected: true,
  });
});

test('a log received long before Kafka had it is right', () => {
  const pipeline = openPipeline();
  const received = start - 20 * 24 * hour;
  pipeEvent(pipeline, start, { received, timestamp: received - 7 });
  expect(newest(pipeline)).toEqual({ timestamp: iso(received - 7), receivedAt: iso(received) });
});

test('an edge that is ahead closes nobody’s windows', () => {
  const pipeline = openPipeline();
  pipeEvent(pipeline, start, { received: start + 50 * minute });
  pipeEvent(pipeline, start + 1_000, { timestamp: start - 3 * minute });
  expect(newest(pipeline)).toEqual({ timestamp: iso(start - 3 * minute), receivedAt: iso(start + 1_000) });
});

describe('records of the year 9999', () => {
  const forged = Date.parse('9999-12-31T23:59:59.999Z');

  test('write no time that is not held into any topic or changelog', () => {
    const pipeline = openPipeline();
    pipeEvent(pipeline, start, { received: forged, timestamp: forged });
    pipeEvent(pipeline, start, { received: forged, timestamp: forged, given: true });
    const requestedAt = iso(forged);
    pipeline.pipe(undefined, { command: 'delete-log', id: 0, requestedAt }, start);
    pipeline.pipe('u', { command: 'erase-user', userId: 'u', requestedAt }, start);
    const { log } = pipeline.driver;
    const written = log
      .topics()
      .filter((topic) => topic !== defaultTopics.raw)
      .flatMap((topic) =>
        log.records(topic, 0).map((record) => ({ topic, ...record, text: String(record.value) })),
      );
    expect(written.filter(({ timestamp }) => timestamp > start + 5 * minute)).toEqual([]);
    expect(written.filter(({ text }) => text.includes('9999-12'))).toEqual([]);
    expect(pipeline.deadLetters()).toEqual([]);
    pipeEvent(pipeline, start + 1);
    expect(newest(pipeline)).toEqual({ timestamp: iso(start + 1), receivedAt: iso(start + 1) });
  });
});

test.each<[string, Times]>([
  ['receivedAt: must not lie before 1970', { received: -1, timestamp: start }],
  ['timestamp: must not lie before 1970', { timestamp: Date.parse('0001-01-01T00:00:00.000Z') }],
  [
    'receivedAt: must not lie before 1970',
    { received: Date.parse('0001-01-01T00:00:00.000Z'), timestamp: start },
  ],
])('%s', (message, said) => {
  const pipeline = openPipeline();
  pipeEvent(pipeline, start, said);
  const [letter] = pipeline.deadLetters();
  expect(letter && headerOf(letter, 'dead-letter.message')).toBe(message);
  pipeEvent(pipeline, start);
  expect(pipeline.read('enriched')).toHaveLength(1);
});

test('a command of before 1970 is a dead letter', () => {
  const { pipe, deadLetters } = openPipeline();
  const requestedAt = '0001-01-01T00:00:00.000Z';
  pipe(undefined, { command: 'delete-log', id: 0, requestedAt }, start);
  pipe('u', { command: 'erase-user', userId: 'u', requestedAt }, start);
  const reasons = deadLetters().map((letter) => headerOf(letter, 'dead-letter.message'));
  expect(reasons).toEqual(['requestedAt: must not lie before 1970', 'requestedAt: must not lie before 1970']);
});

// A topic whose records carry their producer's time may have any.
test.each([-1, -5, Number.MIN_SAFE_INTEGER, 253_402_300_800_000, Number.MAX_SAFE_INTEGER])(
  'a record with the timestamp %d in Kafka is a dead letter, and the next one is processed',
  (at) => {
    const pipeline = openPipeline();
    pipeEvent(pipeline, at, { received: start });
    pipeline.pipe('u', '{', at);
    pipeline.pipe(undefined, undefined, at);
    expect(pipeline.deadLetters().map((letter) => headerOf(letter, 'dead-letter.timestamp'))).toEqual([
      String(at),
      String(at),
      String(at),
    ]);
    pipeEvent(pipeline, start);
    expect(newest(pipeline)).toEqual({ timestamp: iso(start), receivedAt: iso(start) });
  },
);

test('late records are one number: the logs that are marked, the ledger, the metric', () => {
  let counted = 0;
  const pipeline = openPipeline({ metrics: { late: () => counted++ } });
  const ages = [0, minute, 9 * minute, 11 * minute, hour, 50 * hour, 40 * 24 * hour, 400 * 24 * hour];
  for (let at = start; at < start + hour; at += 5 * minute)
    for (const age of ages) pipeEvent(pipeline, at, { timestamp: at - age });
  const marked = pipeline.read('enriched').filter(({ value }) => value?.['late'] === true);
  const all = pipeline.read('ledger').findLast(({ key }) => key === '0|all');
  expect(marked.length).toBeGreaterThan(0);
  expect([all?.value?.['late'], counted]).toEqual([marked.length, marked.length]);
});
