// The replica set: made once, of one member, which clients then find by its name.
import { MongoClient, MongoServerError } from 'mongodb';

/** The replica set that a connection string asks for. */
export interface ReplicaSet {
  name: string;
  /** `host:port`, by which the member itself and every client reaches it. */
  host: string;
}

/**
 * Reads the set's name and its member out of a connection string.
 *
 * @throws Error where it names no set.
 */
export function replicaSetOf(uri: string): ReplicaSet {
  const { host, searchParams } = new URL(uri);
  const name = searchParams.get('replicaSet');
  if (name === null) throw new Error('MONGODB_URI names no replica set: add ?replicaSet=rs0');
  return { name, host: host.includes(':') ? host : `${host}:27017` };
}

/**
 * Makes the set where there is none, and makes sure that it has a primary. Any number of times.
 *
 * @throws Error where mongod does not answer, refuses, or has no primary yet.
 */
export async function initiateReplicaSet({ name, host }: ReplicaSet): Promise<'made' | 'kept'> {
  const client = new MongoClient(`mongodb://${host}`, {
    directConnection: true,
    serverSelectionTimeoutMS: 2_000,
  });
  try {
    const admin = client.db('admin');
    const outcome = await admin
      .command({ replSetInitiate: { _id: name, members: [{ _id: 0, host }] } })
      .then(() => 'made' as const)
      .catch((error: unknown) => {
        if (error instanceof MongoServerError && error.codeName === 'AlreadyInitialized')
          return 'kept' as const;
        throw error;
      });
    const deadline = Date.now() + 10_000;
    for (;;) {
      const { isWritablePrimary } = await admin.command({ hello: 1 });
      if (isWritablePrimary === true) return outcome;
      if (Date.now() > deadline) throw new Error(`${host} is not the primary of ${name} yet`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await client.close();
  }
}
