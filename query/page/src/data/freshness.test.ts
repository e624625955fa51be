import { describe, expect, test } from 'vitest';
import type { Pipeline } from './answers.ts';
import { ApiError } from './api.ts';
import { freshnessOf, isAway } from './freshness.ts';
import { unknown } from './resource.ts';
import { stagesOf } from './stages.ts';

const now = Date.parse('2026-11-23T04:12:00Z');
const nothing = { enriched: 0, duplicate: 0, deadLettered: 0, command: 0, late: 0, deleted: 0, erased: 0 };

function pipeline(changes: Partial<Pipeline> = {}, ageMs = 0): Pipeline {
  return {
    healthy: true,
    processor: { instances: [{ state: 'ready' }], lag: 0 },
    sinks: [
      { connector: 'a', state: 'RUNNING', tasks: ['RUNNING'], lag: 0, asOf: null },
      { connector: 'b', state: 'RUNNING', tasks: ['RUNNING', 'RUNNING'], lag: 0, asOf: null },
    ],
    mongodb: { ready: true },
    ledger: { ...nothing, enriched: 8, expired: 0 },
    lastHour: nothing,
    erasures: null,
    lost: [],
    asOf: new Date(now - ageMs).toISOString(),
    ...changes,
  };
}

test.each([
  ['fresh', pipeline({}, 29_000)],
  ['stale', pipeline({}, 31_000)],
  ['stale', pipeline({ asOf: null })],
])('is %s', (level, data) => {
  expect(freshnessOf({ ...unknown(), data }, now).level).toBe(level);
});

test('is away whatever was known before, and waiting before anything is', () => {
  const error = new ApiError('offline', '');
  expect(freshnessOf({ ...unknown(), data: pipeline(), error }, now).level).toBe('away');
  expect(freshnessOf(unknown(), now).level).toBe('waiting');
});

test('one note for the whole page needs something that it can be of: before, each part speaks for itself', () => {
  const error = new ApiError('unavailable', '');
  expect(isAway({ ...unknown(), data: pipeline(), error })).toBe(true);
  expect(isAway({ ...unknown(), error })).toBe(false);
  expect(isAway({ ...unknown(), data: pipeline() })).toBe(false);
});

describe('the stages', () => {
  test('are well', () => {
    expect(stagesOf(pipeline())).toEqual([
      { name: 'Processor', level: 'good', state: 'ready', lag: 'nothing waits' },
      { name: 'Kafka Connect', level: 'good', state: '2 of 2 connectors run', lag: 'nothing waits' },
      { name: 'MongoDB', level: 'good', state: 'ready', lag: '8 events in all' },
    ]);
  });

  test('say what is wrong', () => {
    const bad = pipeline({
      processor: { instances: [{ state: 'unreachable' }, { state: 'not-ready' }], lag: null },
      sinks: [{ connector: 'a', state: 'RUNNING', tasks: ['FAILED'], lag: 1, asOf: null }],
      mongodb: { ready: false },
    });
    expect(stagesOf(bad).map(({ level, state, lag }) => [level, state, lag])).toEqual([
      ['bad', '0 of 2 ready', 'lag not known'],
      ['bad', '0 of 1 connectors run', '1 record waits'],
      ['bad', 'does not answer', '8 events in all'],
    ]);
    expect(stagesOf(pipeline({ sinks: null }))[1]?.level).toBe('unknown');
    const behind = pipeline({ processor: { instances: [{ state: 'ready' }], lag: 4_000 } });
    expect(stagesOf(behind)[0]).toMatchObject({ level: 'busy', lag: '4,000 records wait' });
  });
});
