// Everything that the supervisor watches for Prometheus, each at its own pace.
import type { Topics } from '@activity/contracts';
import type { Logger } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import type { Admin } from '@platformatic/kafka';
import type { Db } from 'mongodb';
import type { Connector } from '../connectors.ts';
import { createLedgerWatch } from '../ledger/watch.ts';
import { brokerDisks, createKafkaWatch } from './kafka.ts';
import { keepLooking, type Look } from './keep-looking.ts';
import type { WatchMetrics } from './metrics.ts';
import { databaseDisks } from './mongodb.ts';

/** What is watched, and how often. */
export interface WatchOptions {
  admin: Admin;
  reader: TopicReader;
  db: Db;
  topics: Topics;
  /** The processor's application id. */
  groupId: string;
  connectors: readonly Connector[];
  metrics: WatchMetrics;
  everyMs: number;
  /** 0: the ledger is not balanced. */
  ledgerEveryMs: number;
  signal: AbortSignal;
  logger: Logger;
}

/** Watches until it is aborted. */
export async function watchPipeline(options: WatchOptions): Promise<void> {
  const { admin, reader, db, topics, groupId, connectors, metrics, everyMs, ledgerEveryMs } = options;
  const { signal, logger } = options;
  const now = (): number => performance.now();
  const looks: Look[] = [
    { what: 'kafka', everyMs, look: createKafkaWatch({ admin, reader, topics, groupId, metrics, now }) },
    {
      what: 'disks',
      everyMs: 6 * everyMs,
      async look() {
        // What one of them does not tell must not hide the other's.
        const asked = await Promise.allSettled([brokerDisks(admin), databaseDisks(db)]);
        metrics.disks(asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])));
        for (const one of asked) if (one.status === 'rejected') throw one.reason;
      },
    },
  ];
  const logs = connectors.find(({ config }) => config['topics'] === topics.enriched);
  const ledger = connectors.find(({ config }) => config['topics'] === topics.ledger);
  if (ledgerEveryMs > 0 && logs && ledger) {
    const balance = createLedgerWatch({ db, reader, logs, ledger, onDifferences: metrics.ledger, signal });
    // It counts all logs: let that take a twentieth of the time at most.
    looks.push({ what: 'ledger', everyMs: ledgerEveryMs, restFactor: 20, ...balance });
  }
  await Promise.all(looks.map((one) => keepLooking(one, { signal, logger, metrics })));
}
