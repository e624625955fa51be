// MongoDB and the dead letters against the shop's own sums.
import { collections, defaultTopics, everyone, namedCounts, type CountsByType } from '@activity/contracts';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { MongoClient, type Db } from 'mongodb';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import type { SegmentStack } from '../segment-stack.ts';
import { runLedger } from '../truth.ts';
import { startWitness } from '../witness.ts';
import { numbered, typeOf, type MadeCall } from './calls.ts';
import { countBy, moneyOf, sorted, startOf } from './sums.ts';
import type { Counts, Unit } from './sums.ts';

function nameOf(call: MadeCall, unit: Unit): string {
  return [call.user, startOf(call.time, unit), typeOf(call)].join('|');
}

/** Logs by user, hour and type, as MongoDB counts them itself. */
async function countLogs(db: Db, unit: Unit): Promise<Counts> {
  const start = { $dateTrunc: { date: '$timestamp', unit } };
  const groups = db
    .collection(collections.logs)
    .aggregate<{ _id: { user: string; start: Date; type: string }; count: number }>([
      { $group: { _id: { user: '$userId', start, type: '$activityType' }, count: { $sum: 1 } } },
    ]);
  const found: [string, number][] = [];
  for await (const { _id, count } of groups) {
    found.push([[_id.user, _id.start.toISOString(), _id.type].join('|'), count]);
  }
  return sorted(found);
}

interface Window {
  userId: string;
  windowStart: Date;
  byType: CountsByType;
}

/** The processor's counts of a user's hours or days, with their late parts. */
async function countsOf(db: Db, unit: Unit): Promise<Counts> {
  const sums = new Map<string, number>();
  const size = { $in: [unit, `late-${unit}`] };
  const windows = db.collection<Window & { size: string }>(collections.counts).find({ size });
  for await (const { userId, windowStart, byType } of windows) {
    if (userId === everyone) continue;
    for (const [type, count] of Object.entries(namedCounts(byType))) {
      const name = [userId, windowStart.toISOString(), type].join('|');
      sums.set(name, (sums.get(name) ?? 0) + count);
    }
  }
  return sorted(sums);
}

/** What was paid and paid back, as MongoDB adds it up. */
async function moneyIn(db: Db): Promise<Counts> {
  const day = { $dateTrunc: { date: '$timestamp', unit: 'day' } };
  const amount = { $ifNull: ['$metadata.amount', '$metadata.total'] };
  const groups = db
    .collection(collections.logs)
    .aggregate<{ _id: { type: string; day: Date; currency: string }; sum: number }>([
      { $match: { 'metadata.currency': { $exists: true } } },
      {
        $group: {
          _id: { type: '$activityType', day, currency: '$metadata.currency' },
          sum: { $sum: amount },
        },
      },
    ]);
  const found = await groups.toArray();
  return sorted(
    found.map(({ _id, sum }) => [
      `${_id.type} ${_id.day.toISOString()} ${_id.currency}`,
      Math.round(sum * 100),
    ]),
  );
}

/** Expects MongoDB to have each call once, counted by user, type, hour and day. */
export async function expectMongo({ ports }: SegmentStack, calls: readonly MadeCall[]): Promise<void> {
  const client = await new MongoClient(mongoUrl(ports.mongodb)).connect();
  try {
    const db = client.db();
    for (const unit of ['hour', 'day'] satisfies Unit[]) {
      const wanted = countBy(calls, (call) => nameOf(call, unit));
      expect(await countLogs(db, unit)).toEqual(wanted);
      expect(await countsOf(db, unit)).toEqual(wanted);
    }
    expect(await moneyIn(db)).toEqual(moneyOf(calls));
  } finally {
    await client.close();
  }
}

const letter = z.object({
  refused: z.string(),
  item: z.object({ properties: numbered }),
});

/** Expects the dead letters to be the calls that a schema refuses, each with the path, and no other. */
export async function expectDeadLetters(stack: SegmentStack, refused: readonly MadeCall[]): Promise<void> {
  const witness = await startWitness(stack.kafka, [defaultTopics.deadLetter]);
  try {
    const found = (): string[] =>
      witness.seen
        .map(({ value }) => letter.parse(value))
        .map(({ refused: reason, item }) => `${item.properties.ref} ${reason.split(': ')[0]}`)
        .toSorted();
    const wanted = refused.map(({ ref, refused: field }) => `${ref} ${field}`).toSorted();
    await vi.waitFor(() => expect(found()).toEqual(wanted), { timeout: 30_000, interval: 200 });
  } finally {
    await witness.close();
  }
  const ledger = await runLedger(stack.ports, 60);
  expect(ledger.output).toContain('Every raw record is accounted for.');
}
