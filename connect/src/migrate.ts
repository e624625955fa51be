// The migration of MongoDB: collections, validators and indexes. Running it again changes nothing.
import type { CreateIndexesOptions, Db, Document, IndexSpecification } from 'mongodb';
import {
  collections,
  erasedLogsCollection,
  everyone,
  freshnessCollection,
  logExpiryIndex,
  receiptsCollection,
  typeIndexes,
  violationsIndex,
  type WindowSize,
} from '@activity/contracts';
import { validators } from './validators.ts';

/** One index with its name, by which a changed one is found. */
interface Index {
  key: IndexSpecification;
  options: CreateIndexesOptions & { name: string };
}

/** What logs may be filtered by at the cost of an index each. */
export const filterIndexes = ['session', 'device', 'country', 'ip', 'network', 'bot'] as const;
/** One of them. */
export type FilterIndex = (typeof filterIndexes)[number];

/** What depends on the deployment. */
export interface MigrationOptions {
  /** The filters of logs that have an index; by default all. */
  indexedFilters?: readonly FilterIndex[];
  /** How long a delete marker stays. */
  markerTtlSeconds: number;
  /** How long a line of the audit stays; by default 400 days, as in its topic. */
  auditTtlDays?: number;
  /** How long the counts of windows stay after these have begun. */
  windowTtlDays: Record<WindowSize, number>;
}

/** Brings a database to what the sink and the query service rely on. */
export async function migrate(db: Db, options: MigrationOptions): Promise<void> {
  const existing = new Set(
    (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name),
  );
  const { indexedFilters = filterIndexes } = options;
  const unwanted = filterIndexes.filter((filter) => !indexedFilters.includes(filter)).map(nameOfFilter);
  for (const role of roles) {
    const name = collections[role];
    const validator = validators[role];
    // Without a validator's consent a write is refused, which stops the sink's task and loses nothing.
    if (existing.has(name)) await db.command({ collMod: name, validator });
    else await db.createCollection(name, { validator });
    await migrateIndexes(db, name, [...indexes[role], ...expiryIndexes(role, options)], unwanted);
  }
  if (!existing.has(receiptsCollection)) await db.createCollection(receiptsCollection);
  await migrateIndexes(db, receiptsCollection, [
    { key: { userId: 1 }, options: { name: 'user' } },
    { key: { requestedAt: -1, _id: -1 }, options: { name: 'newest' } },
    { key: { expiresAt: 1 }, options: { name: 'expiry', expireAfterSeconds: 0 } },
  ]);
  if (!existing.has(freshnessCollection)) await db.createCollection(freshnessCollection);
  if (!existing.has(erasedLogsCollection)) await db.createCollection(erasedLogsCollection);
  await migrateIndexes(db, erasedLogsCollection, [{ key: { erasure: 1 }, options: { name: 'erasure' } }]);
}

type Role = keyof typeof collections;

const roles = Object.keys(collections) as Role[];
const daySeconds = 86_400;

const indexes: Record<Role, readonly Index[]> = {
  logs: [
    { key: { timestamp: -1, _id: -1 }, options: { name: 'newest' } },
    { key: { userId: 1, timestamp: -1, _id: -1 }, options: { name: 'user_newest' } },
    { key: { activityType: 1, timestamp: -1, _id: -1 }, options: { name: typeIndexes.ofAll } },
    { key: { eventId: 1, timestamp: -1, _id: -1 }, options: { name: 'event_newest' } },
    { key: { userId: 1, activityType: 1, timestamp: -1, _id: -1 }, options: { name: typeIndexes.ofUser } },
    newestOf('session', 'session'),
    newestOf('client.device', 'device'),
    newestOf('place.country', 'country'),
    newestOf('metadata.ip', 'ip'),
    newestOf('address.prefix', 'network'),
    newestOf('bot', 'bot', true),
    {
      // Counts the logs that the schema of their type refuses: it has no entries of others.
      key: { activityType: 1 },
      options: { name: violationsIndex, partialFilterExpression: { violations: { $exists: true } } },
    },
  ],
  counts: [
    { key: { userId: 1, size: 1, windowStart: -1 }, options: { name: 'user_windows' } },
    {
      // How many users a day has had, counted in the index alone.
      key: { size: 1, windowStart: -1 },
      options: { name: 'day_users', partialFilterExpression: { size: 'day' } },
    },
    {
      // Which of them are known by late events alone.
      key: { size: 1, windowStart: -1, userId: 1 },
      options: { name: 'late_day_users', partialFilterExpression: { size: 'late-day' } },
    },
    {
      key: { kafkaPartition: 1, kafkaOffset: 1 },
      options: { name: 'stored', partialFilterExpression: { userId: everyone } },
    },
  ],
  users: [
    { key: { total: -1, _id: 1 }, options: { name: 'most' } },
    { key: { lastSeen: -1 }, options: { name: 'last_seen' } },
    mostIn('last5m'),
    mostIn('last1h'),
    mostIn('last24h'),
  ],
  // What was stored since some offset: see the query service's sums.
  globalCounts: [{ key: { kafkaPartition: 1, kafkaOffset: 1 }, options: { name: 'stored' } }],
  // The hours in which logs expire.
  ledger: [
    {
      key: { expires: 1 },
      options: { name: 'expires', partialFilterExpression: { expires: { $exists: true } } },
    },
  ],
  audit: [
    { key: { at: -1, _id: -1 }, options: { name: 'newest' } },
    { key: { 'actor.keyId': 1, at: -1, _id: -1 }, options: { name: 'actor_newest' } },
    { key: { 'actor.name': 1, at: -1, _id: -1 }, options: { name: 'name_newest' } },
    { key: { target: 1, at: -1, _id: -1 }, options: { name: 'target_newest' } },
  ],
};

function nameOfFilter(filter: FilterIndex): string {
  return `${filter}_newest`;
}

/** The index of a filter. Not every log has its field: it costs nothing where nothing is there. */
function newestOf(field: string, filter: FilterIndex, values: unknown = { $exists: true }): Index {
  return {
    key: { [field]: 1, timestamp: -1, _id: -1 },
    options: { name: nameOfFilter(filter), partialFilterExpression: { [field]: values } },
  };
}

/** Users who have done something in that time, the busiest first. */
function mostIn(window: 'last5m' | 'last1h' | 'last24h'): Index {
  const field = `rolling.${window}`;
  return {
    key: { [field]: -1, _id: 1 },
    options: { name: `most_${window}`, partialFilterExpression: { [field]: { $gt: 0 } } },
  };
}

function expiryIndexes(
  role: Role,
  { markerTtlSeconds, windowTtlDays, auditTtlDays = 400 }: MigrationOptions,
): Index[] {
  switch (role) {
    case 'logs':
      return [markerIndex(markerTtlSeconds), expiryIndex];
    case 'users':
      return [markerIndex(markerTtlSeconds)];
    case 'counts': {
      const { minute, hour, day } = windowTtlDays;
      return [
        markerIndex(markerTtlSeconds),
        windowIndex('minute', minute, { size: 'minute' }),
        windowIndex('hour', hour, { size: 'hour' }),
        windowIndex('day', day, { size: 'day' }),
        windowIndex('late_minute', minute, { size: 'late-minute', userId: { $gt: everyone } }),
        windowIndex('late_hour', hour, { size: 'late-hour' }),
        windowIndex('late_day', day, { size: 'late-day' }),
        // Those of all users are what their hours and days are made of.
        windowIndex('late_of_all', day, { size: 'late-minute', userId: everyone }),
      ];
    }
    case 'globalCounts':
      return [windowIndex('minute', windowTtlDays.day, { size: 'minute' })];
    case 'ledger':
      return [
        {
          key: { minute: 1 },
          options: { name: 'minutes', expireAfterSeconds: windowTtlDays.day * daySeconds },
        },
      ];
    case 'audit':
      return [{ key: { at: 1 }, options: { name: 'expiry', expireAfterSeconds: auditTtlDays * daySeconds } }];
  }
}

/** Windows of one kind expire together: indexes of one field may differ by their filters alone. */
function windowIndex(kind: string, days: number, partialFilterExpression: Document): Index {
  return {
    key: { windowStart: 1 },
    options: {
      name: `${kind}_expiry`,
      expireAfterSeconds: days * daySeconds,
      partialFilterExpression,
    },
  };
}

/** Logs that have an end are removed then. */
const expiryIndex: Index = {
  key: { expiresAt: 1 },
  options: {
    name: logExpiryIndex,
    expireAfterSeconds: 0,
    partialFilterExpression: { expiresAt: { $exists: true } },
  },
};

function markerIndex(expireAfterSeconds: number): Index {
  return {
    key: { deletedAt: 1 },
    options: {
      name: 'markers',
      expireAfterSeconds,
      partialFilterExpression: { deletedAt: { $exists: true } },
    },
  };
}

/** Makes these indexes, but drops those whose names are unwanted. */
async function migrateIndexes(
  db: Db,
  collection: string,
  all: readonly Index[],
  unwanted: readonly string[] = [],
): Promise<void> {
  const current: Document[] = await db.collection(collection).indexes();
  for (const { key, options } of all) {
    const found = current.find(({ name }) => name === options.name);
    if (unwanted.includes(options.name)) {
      if (found !== undefined) await db.collection(collection).dropIndex(options.name);
      continue;
    }
    if (found !== undefined && found['expireAfterSeconds'] !== options.expireAfterSeconds) {
      await db.command({
        collMod: collection,
        index: { name: options.name, expireAfterSeconds: options.expireAfterSeconds },
      });
    }
    await db.collection(collection).createIndex(key, options);
  }
}
