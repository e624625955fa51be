import { logId } from '@activity/contracts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expiryOf } from '../steps/retention.ts';
import { openPipeline } from '../testing/pipeline.ts';
import type { TestPipeline } from '../testing/pipeline.ts';

const start = Date.parse('2026-03-01T12:10:00.000Z');
const hour = 3_600_000;
const day = 24 * hour;
const retention = { days: 30, daysByType: { ERROR: 1, LOGIN: 0 } };

function iso(time: number): string {
  return new Date(time).toISOString();
}

let made = 0;

function event(activityType: string, at: number, receivedAt = at): object {
  return {
    eventId: `e${made++}`,
    userId: 'u1',
    activityType,
    metadata: { device: 'mobile', ip: '192.0.2.7' },
    timestamp: iso(at),
    receivedAt: iso(receivedAt),
  };
}

/** What the ledger says has expired at a time: the sum, and the hours that have passed since. */
function ledgerOf({
  read,
}: TestPipeline): (now: number) => Record<'enriched' | 'deleted' | 'expired', number> {
  const newest = new Map<string, Record<string, unknown>>();
  return (now) => {
    for (const { key, value } of read('ledger')) if (key && value) newest.set(key, value);
    const sum = newest.get('0|all') ?? {};
    const hours = [...newest.values()].filter(
      ({ expires, expiriesSince }) =>
        typeof expires === 'string' && expiriesSince === sum['expiriesSince'] && Date.parse(expires) <= now,
    );
    const since = hours.reduce((all, { expiring }) => all + Number(expiring), 0);
    return {
      enriched: Number(sum['enriched']),
      deleted: Number(sum['deleted']),
      expired: Number(sum['expired'] ?? 0) + since,
    };
  };
}

describe('retention', () => {
  test('is the time of the event and the days of its type, at the next full hour', () => {
    const pipeline = openPipeline({ now: start, retention });
    pipeline.pipe('u1', event('PAGE_VIEW', start), start);
    pipeline.pipe('u1', event('ERROR', start - 2 * hour), start);
    pipeline.pipe('u1', event('LOGIN', start), start);
    const logs = pipeline.read('enriched').map(({ value }) => value);
    expect(logs.map((log) => log?.['expiresAt'])).toEqual([
      '2026-03-31T13:00:00.000Z',
      '2026-03-02T11:00:00.000Z',
      undefined,
    ]);
    const ledger = ledgerOf(pipeline);
    expect(ledger(start)).toEqual({ enriched: 3, deleted: 0, expired: 0 });
    expect(ledger(Date.parse('2026-03-02T10:59:59.999Z')).expired).toBe(0);
    expect(ledger(Date.parse('2026-03-02T11:00:00.000Z')).expired).toBe(1);
    expect(ledger(start + 31 * day).expired).toBe(2);
  });

  test('is what the catalogue says of a type, as it is then, before what is configured', () => {
    const types = new Map([['ERROR', { name: 'ERROR', retentionDays: 2 as number | undefined }]]);
    const none = { days: undefined, daysByType: {} };
    for (const [options, ofOthers] of [
      [none, undefined],
      [retention, start + 30 * day],
    ] as const) {
      const expiry = expiryOf(options, types);
      const atHour = (time: number): number => Math.ceil(time / hour) * hour;
      expect(expiry?.('ERROR', start)).toBe(atHour(start + 2 * day));
      expect(expiry?.('PAGE_VIEW', start)).toBe(ofOthers && atHour(ofOthers));
      types.set('ERROR', { name: 'ERROR', retentionDays: 5 });
      expect(expiry?.('ERROR', start)).toBe(atHour(start + 5 * day));
      types.set('ERROR', { name: 'ERROR', retentionDays: undefined });
      expect(expiry?.('ERROR', start)).toBe(options === none ? undefined : atHour(start + day));
      types.set('ERROR', { name: 'ERROR', retentionDays: 2 });
    }
    expect(expiryOf(none)).toBeUndefined();
  });

  test('is off unless it is set: logs, ledger and changelogs hold nothing of it', () => {
    const pipeline = openPipeline({ now: start });
    pipeline.pipe('u1', event('PAGE_VIEW', start), start);
    pipeline.pipe(undefined, { command: 'delete-log', id: 0, requestedAt: iso(start) }, start);
    const ledger = pipeline.read('ledger');
    const changelog = pipeline.driver.log.records('test-ledger-changelog', 0);
    for (const text of [JSON.stringify(ledger), ...changelog.map(({ key }) => String(key))])
      expect(text).not.toMatch(/expir/);
    expect(pipeline.read('enriched')[0]?.value).not.toHaveProperty('expiresAt');
  });

  test('a log that has expired when it is made is counted, and has nothing of its event', () => {
    const pipeline = openPipeline({ now: start, retention });
    pipeline.pipe('u1', event('PAGE_VIEW', start - 400 * day, start), start);
    const [log] = pipeline.read('enriched');
    expect(log?.value).toMatchObject({
      metadata: {},
      expiresAt: iso(Math.ceil((start - 370 * day) / hour) * hour),
    });
    expect(JSON.stringify(log?.value)).not.toMatch(/mobile|192\.0/);
    expect(pipeline.read('users').at(-1)?.value).toMatchObject({ total: 1 });
    expect(ledgerOf(pipeline)(start)).toEqual({ enriched: 1, deleted: 0, expired: 1 });
  });

  test('a log that is deleted before it expires is deleted, one that is deleted afterwards has expired', () => {
    const pipeline = openPipeline({ now: start, retention });
    for (let n = 0; n < 3; n++) pipeline.pipe('u1', event('ERROR', start), start);
    const remove = (offset: number, at: number): void =>
      pipeline.pipe(undefined, { command: 'delete-log', id: logId(0, offset), requestedAt: iso(at) }, at);
    remove(0, start + hour);
    pipeline.driver.crash();
    remove(1, start + 2 * day);
    remove(1, start + 2 * day);
    const ledger = ledgerOf(pipeline);
    expect(ledger(start + 2 * day)).toEqual({ enriched: 3, deleted: 1, expired: 2 });
  });
});

// Each log is deleted, or has expired, or is there: whatever is set, whenever commands come, over crashes.
test('the ledger counts what has expired as the events themselves say', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('event' as const),
        type: fc.constantFrom('PAGE_VIEW', 'ERROR', 'LOGIN'),
        ageHours: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1_500 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('delete' as const), back: fc.integer({ min: 1, max: 12 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  );
  const daysOf = fc.constantFrom(undefined, 1, 2, 30);
  const property = fc.property(
    fc.array(step, { maxLength: 60 }),
    fc.record({ days: daysOf, PAGE_VIEW: daysOf, ERROR: fc.constantFrom(0, 1) }),
    fc.integer({ min: 0, max: 2_000 }),
    (steps, { days, PAGE_VIEW, ERROR }, laterHours) => {
      const daysByType = { ERROR, ...(PAGE_VIEW !== undefined && { PAGE_VIEW }) };
      const pipeline = openPipeline({ now: start, retention: { days, daysByType } });
      const ledger = ledgerOf(pipeline);
      /** When each stored log expires, by its offset. */
      const logs = new Map<number, number>();
      let offset = 0;
      let at = start;
      let deleted = 0;
      for (const one of steps) {
        if (one.kind === 'crash') pipeline.driver.crash();
        else if (one.kind === 'pass') at += one.hours * hour;
        else if (one.kind === 'event') {
          const time = at - one.ageHours * hour;
          const kept = one.type === 'ERROR' ? ERROR : one.type === 'PAGE_VIEW' ? (PAGE_VIEW ?? days) : days;
          pipeline.pipe('u1', event(one.type, time, at), at);
          logs.set(offset++, kept ? Math.ceil((time + kept * day) / hour) * hour : Infinity);
        } else if (offset > 0) {
          const named = Math.max(0, offset - one.back);
          const requestedAt = iso(at);
          pipeline.pipe(undefined, { command: 'delete-log', id: logId(0, named), requestedAt }, at);
          if ((logs.get(named) ?? 0) > at && logs.delete(named)) deleted++;
          offset++;
        }
      }
      const now = at + laterHours * hour;
      const found = ledger(now);
      if (offset === 0) return;
      const expired = [...logs.values()].filter((expiry) => expiry <= now).length;
      expect(found).toEqual({ enriched: logs.size + deleted, deleted, expired });
    },
  );
  fc.assert(property, { numRuns: 300 });
});
