// `npm run ledger`: is every raw record accounted for? Prints the accounts,
// and exits with 1 where they differ.
import { setTimeout as sleep } from 'node:timers/promises';
import { topicsOf, type Loss } from '@activity/contracts';
import { kafkaSecurityOf, readArguments, runTool } from '@activity/service';
import { openTopicReader } from '@activity/streams';
import { MongoClient } from 'mongodb';
import { contactKafka, contactMongo, readToolConfig } from '../tool-config.ts';
import { readLosses } from '../freshness/losses.ts';
import { readAccounts } from './accounts.ts';
import { differencesOf, type Account, type Difference } from './balance.ts';

const usage = `npm run ledger -- [--wait SECONDS]

Compares what became of every raw record, as the processor has noted it, with the broker's offsets and with what MongoDB
holds. Exits with 1 where something differs. Names what retention deleted before it was read.

--wait SECONDS   how long what is on its way may take to arrive; 15 unless given`;

const { values } = readArguments({ usage, options: { wait: { type: 'string', default: '15' } } });

interface Balance {
  accounts: Account[];
  differences: Difference[];
  unreadable: readonly string[];
  losses: readonly Loss[];
}

function show({ accounts, differences, unreadable, losses }: Balance): void {
  console.table(
    accounts.map(({ partition, entry, latest, committed, stored, erased, expired }) => ({
      partition,
      enriched: entry?.enriched ?? 0,
      duplicate: entry?.duplicate ?? 0,
      deadLettered: entry?.deadLettered ?? 0,
      command: entry?.command ?? 0,
      late: entry?.late ?? 0,
      deleted: entry?.deleted ?? 0,
      erased,
      expired,
      stored,
      waiting: latest - (committed ?? 0),
    })),
  );
  for (const { partition, what, expected, found } of differences) {
    console.log(
      `partition ${partition}: ${what}: ${expected} and ${found}, ${Math.abs(found - expected)} apart`,
    );
  }
  for (const record of unreadable)
    console.log(`${record} is no entry of the ledger and was left out: find out who writes to that topic`);
  for (const { topic, partition, from, to, reader, noticedAt } of losses) {
    console.log(
      `partition ${partition} of ${topic}: retention deleted the offsets ${from} to ${to - 1} before ${reader} had read them, noticed ${noticedAt.toISOString()}`,
    );
  }
  console.log(
    differences.length === 0 ? 'Every raw record is accounted for.' : 'The ledger does not balance.',
  );
}

async function main(): Promise<void> {
  const waitMs = Number(values.wait) * 1_000;
  if (values.wait.trim() === '' || !(waitMs >= 0))
    throw new Error(`--wait ${values.wait}: must be a number of seconds`);
  const config = readToolConfig();
  const reader = openTopicReader({
    brokers: config.KAFKA_BROKERS,
    security: kafkaSecurityOf(config),
    clientId: 'activity-ledger',
  });
  const mongo = new MongoClient(config.MONGODB_URI, {
    appName: 'activity-ledger',
    serverSelectionTimeoutMS: 5_000,
  });
  try {
    await contactKafka(config, reader);
    await contactMongo(config, async () => mongo.connect());
    const sources = { reader, db: mongo.db(), topics: topicsOf(config), groupId: config.KAFKA_GROUP_ID };
    const until = Date.now() + waitMs;
    for (;;) {
      const { accounts, unreadable } = await readAccounts(sources);
      const differences = accounts.flatMap(differencesOf);
      if (differences.length === 0 || Date.now() >= until) {
        show({ accounts, differences, unreadable, losses: await readLosses(mongo.db()) });
        process.exitCode = differences.length === 0 ? 0 : 1;
        return;
      }
      await sleep(500);
    }
  } finally {
    await Promise.allSettled([reader.close(), mongo.close()]);
  }
}

await runTool(main);
