// The whole truth of a run: what MongoDB, the ledger and a second Kafka client say, against the oracle.
import { join } from 'node:path';
import { defaultTopics } from '@activity/contracts';
import { MongoClient } from 'mongodb';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import type { Raw } from '@activity/processor/testing/histories';
import { workOut, type Expected } from '@activity/processor/testing/oracle';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import type { Ports } from '@activity/local/parts/services';
import { projectRoot } from '@activity/testbed/paths';
import { loopback } from '@activity/testbed/process/ports';
import { run, type Outcome } from '@activity/testbed/process/run';
import { readStored, storedOf } from './stored.ts';
import { startWitness } from './witness.ts';

/** The processor's defaults. */
export const graceMs = 600_000;
export const dedupeMs = 86_400_000;
const enriched = z.object({ _id: z.number(), userId: z.string().optional() });

/** Runs `npm run ledger` on a pipeline, for the application id that has read it last. */
export function runLedger(ports: Ports, waitSeconds: number, applicationId?: string): Promise<Outcome> {
  return run({
    file: process.execPath,
    args: [join(projectRoot, 'connect', 'src', 'ledger', 'main.ts'), '--wait', String(waitSeconds)],
    env: {
      KAFKA_BROKERS: `${loopback}:${ports.kafka}`,
      MONGODB_URI: mongoUrl(ports.mongodb),
      ...(applicationId !== undefined && { KAFKA_GROUP_ID: applicationId }),
    },
  });
}

/** Expects MongoDB and the ledger to have what the oracle says came of these records. */
export async function expectStored(ports: Ports, truth: Expected, timeout: number): Promise<void> {
  const client = new MongoClient(mongoUrl(ports.mongodb));
  try {
    const db = client.db();
    const wanted = storedOf(truth);
    await vi.waitFor(
      async () => {
        const stored = await readStored(db);
        // Few words about a difference in many thousand lines.
        expect(stored.logs.length).toBe(wanted.logs.length);
        expect(stored).toEqual(wanted);
      },
      { timeout, interval: 1_000 },
    );
    const ledger = await runLedger(ports, timeout / 1_000);
    expect(ledger.output).toContain('Every raw record is accounted for.');
    expect(ledger.code).toBe(0);
  } finally {
    await client.close();
  }
}

/** Expects everything that came of these records to be what the oracle says, in Kafka too. */
export async function expectTruth(ports: Ports, records: readonly Raw[], timeout: number): Promise<void> {
  const truth = workOut(records, graceMs, dedupeMs);
  const witness = await startWitness(`${loopback}:${ports.kafka}`, [defaultTopics.enriched]);
  try {
    await expectStored(ports, truth, timeout);
    const written = truth.ledger
      .filter((entry) => entry.includes(' enriched '))
      .reduce((sum, entry) => sum + Number(entry.split(' ')[2]), 0);
    const ids = (): { partition: number; id: number }[] =>
      witness.seen
        .map(({ partition, value }) => ({ partition, ...enriched.parse(value) }))
        .filter(({ userId }) => userId !== undefined)
        .map(({ partition, _id }) => ({ partition, id: _id }));
    await vi.waitFor(() => expect(ids()).toHaveLength(written), { timeout, interval: 500 });
    const newest = new Map<number, number>();
    for (const { partition, id } of ids()) {
      // Once each, and in order.
      expect(id).toBeGreaterThan(newest.get(partition) ?? -1);
      newest.set(partition, id);
    }
  } finally {
    await witness.close();
  }
}
