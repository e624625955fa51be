import { describe, expect, test } from 'vitest';
import type { Log } from './answers.ts';
import { maxRows, noRows, reduceRows } from './rows.ts';
import type { Rows, RowsEvent } from './rows.ts';

function log(_id: number): Log {
  return {
    _id,
    eventId: `e${_id}`,
    userId: 'u',
    activityType: 'A',
    metadata: {},
    timestamp: '',
    createdAt: '',
  };
}

function logs(...numbers: number[]): Log[] {
  return numbers.map(log);
}

function after(...events: RowsEvent[]): Rows {
  return events.reduce(reduceRows, noRows);
}

function ids({ shown }: Rows): number[] {
  return shown.map(({ log: { _id } }) => _id);
}

const read: RowsEvent = { type: 'read', logs: logs(3, 2, 1) };

describe('a list', () => {
  test('has the page, and on top what came, the newest first', () => {
    const rows = after(read, { type: 'arrived', logs: logs(4, 5) }, { type: 'arrived', logs: logs(6) });
    expect(ids(rows)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(rows.shown.map(({ arrived }) => arrived)).toEqual([true, true, true, false, false, false]);
    expect(rows.arrivals).toBe(3);
  });

  test('has nothing twice, whichever was sooner', () => {
    expect(ids(after(read, { type: 'arrived', logs: logs(3, 4, 4) }))).toEqual([4, 3, 2, 1]);
    expect(ids(after({ type: 'arrived', logs: logs(2, 4) }, read))).toEqual([4, 3, 2, 1]);
  });

  test('holds back what comes while it is paused', () => {
    const paused = after(
      read,
      { type: 'pause' },
      { type: 'arrived', logs: logs(4) },
      { type: 'arrived', logs: logs(4, 5) },
    );
    expect([ids(paused), paused.held.length, paused.arrivals]).toEqual([[3, 2, 1], 2, 2]);
    const resumed = reduceRows(paused, { type: 'resume' });
    expect([ids(resumed), resumed.held]).toEqual([[5, 4, 3, 2, 1], []]);
  });

  test('does not hold back what a new page has', () => {
    const rows = after(
      read,
      { type: 'pause' },
      { type: 'arrived', logs: logs(4) },
      { type: 'read', logs: logs(4, 3) },
    );
    expect([ids(rows), rows.held]).toEqual([[4, 3], []]);
  });

  test('does not grow without bound', () => {
    const many = logs(...Array.from({ length: maxRows + 50 }, (_, index) => index + 10));
    const shown = after(read, { type: 'arrived', logs: many });
    expect(shown.shown).toHaveLength(maxRows);
    expect(ids(shown)[0]).toBe(maxRows + 59);
    const held = after({ type: 'pause' }, { type: 'arrived', logs: many });
    expect(held.held).toHaveLength(maxRows);
    expect(held.arrivals).toBe(maxRows + 50);
  });

  test('starts again, and stays paused', () => {
    expect(after(read, { type: 'pause' }, { type: 'reset' })).toEqual({ ...noRows, paused: true });
  });
});
