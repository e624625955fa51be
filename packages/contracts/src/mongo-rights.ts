// Who may do what in MongoDB: one account a service, and no action that it does not use.
import { collections, erasedLogsCollection, freshnessCollection, receiptsCollection } from './documents.ts';

/**
 * Who connects to MongoDB: the sink in the Connect worker,
 * the supervisor with the eraser, the query service, tools.
 */
export const mongoAccounts = ['sink', 'connectors', 'query', 'operator'] as const;

/** One of them. */
export type MongoAccount = (typeof mongoAccounts)[number];

/** Actions on one collection of the pipeline's database; on the database where no collection is named. */
export interface MongoRight {
  collection: string | undefined;
  actions: readonly string[];
}

const filled = Object.values(collections);
const everything = [...filled, erasedLogsCollection, receiptsCollection, freshnessCollection];

function onEach(names: readonly string[], actions: readonly string[]): MongoRight[] {
  return names.map((collection) => ({ collection, actions }));
}

/** The rights of each account, as the privileges of a role are made of them. */
export const mongoRights: Record<MongoAccount, readonly MongoRight[]> = {
  // The plug-in asks for `remove` before it starts, though a replace never removes.
  sink: onEach(filled, ['find', 'insert', 'update', 'remove']),
  connectors: [
    { collection: undefined, actions: ['listCollections', 'dbStats'] },
    ...onEach(everything, [
      'createCollection',
      'collMod',
      'createIndex',
      'listIndexes',
      'find',
      'insert',
      'update',
      'remove',
    ]),
  ],
  query: [...onEach(everything, ['find']), { collection: collections.logs, actions: ['changeStream'] }],
  operator: onEach(everything, ['find']),
};

/** MongoDB's database `admin`, as its driver has it. */
export interface AdminDatabase {
  command: (command: Record<string, unknown>) => Promise<unknown>;
}

/** What MongoDB returns where a role or a user is there already. */
const alreadyThere = new Set<unknown>([51_002, 51_003]);

async function makeOrChange(
  admin: AdminDatabase,
  what: 'Role' | 'User',
  name: string,
  settings: Record<string, unknown>,
): Promise<void> {
  try {
    await admin.command({ [`create${what}`]: name, ...settings });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && alreadyThere.has(error.code))) throw error;
    await admin.command({ [`update${what}`]: name, ...settings });
  }
}

/**
 * Makes each account and its role what the rights say, in the database `admin`, for the pipeline's database.
 */
export async function applyMongoRights(
  admin: AdminDatabase,
  database: string,
  passwordOf: (account: MongoAccount) => string,
): Promise<void> {
  for (const account of mongoAccounts) {
    const role = `activity-${account}`;
    const privileges = mongoRights[account].map(({ collection = '', actions }) => ({
      resource: { db: database, collection },
      actions,
    }));
    await makeOrChange(admin, 'Role', role, { privileges, roles: [] });
    await makeOrChange(admin, 'User', account, { pwd: passwordOf(account), roles: [role] });
  }
}
