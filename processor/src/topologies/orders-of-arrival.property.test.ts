// In whatever order the same events arrive, and whatever happens to the process between them: each is in its
// hour and its day, of its user and of everyone, once.
import { partitionOf } from '@activity/kafka/core';
import { faults, type Fault } from '@activity/streams/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addedUp } from '../testing/added-up.ts';
import { playHistory, type Raw, type RawEvent } from '../testing/histories.ts';
import { openPipeline, type Output, type TestPipeline } from '../testing/pipeline.ts';

const seeds = Number(process.env['ACTIVITY_SEEDS'] ?? (process.env['TEST_ALL'] === '1' ? 25 : 12));
const hour = 3_600_000;
const day = 24 * hour;
const now = Date.parse('2026-03-01T12:00:00.000Z');
const users = ['ann', 'bob', 'cleo', 'd|day|e'];

/** When an event happened, before now: mostly in the last days, some up to a year ago. */
const ago = fc.oneof(
  fc.nat(3 * hour),
  fc.nat(8 * day),
  // On the borders of hours and days.
  fc.nat(100).map((hours) => 12 * hour + hours * hour),
  fc.nat(365).map((days) => 12 * hour + days * day),
);
type Sent = Omit<RawEvent, 'at' | 'received'>;
const sent = fc.record({
  user: fc.constantFrom(...users),
  type: fc.constantFrom('LOGIN', 'PAGE_VIEW'),
  timestamp: ago.map((before) => now - before),
});

/** Ways in which the same events come; the list is in the order of event time. */
const orders: Record<string, (events: Sent[]) => Sent[]> = {
  'in order': (events) => events,
  reversed: (events) => events.toReversed(),
  // Every third one first, then the next third: as three files.
  interleaved: (events) => [0, 1, 2].flatMap((part) => events.filter((_, index) => index % 3 === part)),
  'today first, then its past': (events) => [
    ...events.filter(({ timestamp }) => timestamp >= now - 12 * hour),
    ...events.filter(({ timestamp }) => timestamp < now - 12 * hour),
  ],
  'an import that is broken off and begins again': (events) => [
    ...events.slice(0, Math.ceil(events.length * 0.6)),
    ...events,
  ],
};

function open(): TestPipeline {
  // By event time, which is all over the year here: all copies are found.
  return openPipeline({ partitions: 2, commits: 'manual', dedupeMs: 800 * day });
}

function newest(records: readonly Output[]): Record<string, unknown>[] {
  return [...new Map(records.map(({ value = {} }) => [value['_id'], value])).values()];
}

/** What each hour and day must have, of its user and of everyone. */
function expected(events: readonly Sent[]): Pick<ReturnType<typeof addedUp>, 'counts' | 'everyone'> {
  const counts = new Map<string, number>();
  const everyone = new Map<string, number>();
  for (const { user, timestamp } of events) {
    for (const [size, length] of [
      ['hour', hour],
      ['day', day],
    ] as const) {
      const window = `${size}|${new Date(Math.floor(timestamp / length) * length).toISOString()}`;
      counts.set(`${user}|${window}`, (counts.get(`${user}|${window}`) ?? 0) + 1);
      everyone.set(window, (everyone.get(window) ?? 0) + 1);
    }
  }
  const lines = (sums: Map<string, number>): string[] =>
    [...sums].map(([name, total]) => `${name} ${total}`).toSorted();
  return { counts: lines(counts), everyone: lines(everyone) };
}

test.each(Object.entries(orders))(
  '%s',
  (_name, ordered) => {
    fc.assert(
      fc.property(
        fc.array(sent, { maxLength: 60, size: 'max' }),
        fc.array(fc.option(fc.constantFrom(...faults), { freq: 3 }), { minLength: 120, maxLength: 120 }),
        // How long the import takes: within a second, or over days,
        // so that the day of arrival changes under way.
        fc.constantFrom(1, 60_000, 2 * hour),
        (unordered, between, step) => {
          const events = unordered
            .toSorted((a, b) => a.timestamp - b.timestamp)
            .map((one, index): Sent => ({
              ...one,
              kind: 'event',
              event: `e${index}`,
              timestampGiven: true,
            }));
          const happenings = ordered(events).flatMap((one, index): (Raw | Fault)[] => {
            const at = now + index * step;
            const partition = partitionOf(Buffer.from(one.user), 2);
            const raw: Raw = { ...one, partition, at, received: at };
            const fault = between[index];
            return fault ? [raw, fault] : [raw];
          });
          const pipeline = open();
          playHistory(pipeline, { partitions: 2, happenings });
          const { counts, everyone } = addedUp(
            newest(pipeline.read('counts')),
            newest(pipeline.read('globalCounts')),
          );
          expect({ counts: counts.filter((line) => !line.includes('|minute|')), everyone }).toEqual(
            expected(events),
          );
        },
      ),
      { numRuns: seeds },
    );
  },
  120_000,
);
