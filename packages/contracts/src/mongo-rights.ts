// Who may do what in MongoDB: one account a service, and no action that it does not use.
import { collections, erasedLogsCollection, receiptsCollection } from './documents.ts';

/** Who connects to MongoDB: the sink in the Connect worker, the supervisor with the eraser, the query service, tools. */
export const mongoAccounts = ['sink', 'connectors', 'query', 'operator'] as const;

/** One of them. */
export type MongoAccount = (typeof mongoAccounts)[number];

/** Actions on one collection of the pipeline's database; on the database where no collection is named. */
export interface MongoRight {
  collection: string | undefined;
  actions: readonly string[];
}

const filled = Object.values(collections);
const everything = [...filled, erasedLogsCollection, receiptsCollection];

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
