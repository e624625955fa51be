// The replica set: initiated once, with one member, which clients then find by its name; and, where there are
// passwords, MongoDB's users.
import { applyMongoRights } from '@activity/contracts';
import type { MongoAccount } from '@activity/contracts';
import { MongoClient, MongoServerError } from 'mongodb';
import type { Db } from 'mongodb';
import { z } from 'zod';

/** The replica set that a connection string asks for. */
export interface ReplicaSet {
  name: string;
  /** `host:port`, by which the member itself and every client reaches it. */
  host: string;
  /** The pipeline's. */
  database: string;
}

/** Who makes it. */
export interface Initiator {
  /** Where mongod is reached, `host:port`, if not where everyone reaches it. */
  at?: string;
  auth?: { username: string; password: string };
}

/** Everyone who has a password in MongoDB. */
export type MongoPerson = MongoAccount | 'admin';

/**
 * Reads the set's name and its member out of a connection string.
 *
 * @throws Error where it names no set.
 */
export function replicaSetOf(uri: string): ReplicaSet {
  const { host, pathname, searchParams } = new URL(uri);
  const name = searchParams.get('replicaSet');
  if (name === null) throw new Error('MONGODB_URI names no replica set: add ?replicaSet=rs0');
  return { name, host: host.includes(':') ? host : `${host}:27017`, database: pathname.slice(1) };
}

/** What became of the set: it was there, or its only member had another name. */
export type Outcome = 'made' | 'kept' | 'renamed';

/**
 * Initiates the set where there is none, gives its only member the name that clients are told, and makes sure
 * that the set has a primary. A second run changes nothing. A set of several members is left as it is.
 *
 * @throws Error where mongod is not reached, refuses, or has no primary yet.
 */
export async function initiateReplicaSet(
  { name, host }: Pick<ReplicaSet, 'name' | 'host'>,
  { at = host, auth }: Initiator = {},
): Promise<Outcome> {
  const client = connection(at, auth);
  try {
    const admin = client.db('admin');
    const outcome = await admin
      .command({ replSetInitiate: { _id: name, members: [{ _id: 0, host }] } })
      .then((): Outcome => 'made')
      .catch(async (error: unknown) => {
        if (!isRefusal(error, 'AlreadyInitialized')) throw error;
        return rename(admin, host);
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

const setConfig = z.looseObject({
  version: z.number(),
  members: z.array(z.looseObject({ host: z.string() })),
});

/** A mongod that does not find itself in its set's configuration is no primary: hence `force`. */
async function rename(admin: Db, host: string): Promise<Outcome> {
  const { config } = await admin.command({ replSetGetConfig: 1 });
  const { version, members, ...others } = setConfig.parse(config);
  const [member, second] = members;
  if (member === undefined || second !== undefined || member.host === host) return 'kept';
  const renamed = { ...others, version: version + 1, members: [{ ...member, host }] };
  await admin.command({ replSetReconfig: renamed, force: true });
  return 'renamed';
}

/**
 * The same for a mongod that asks for passwords; and makes its users, or makes them what they should be. Has
 * to run where mongod does, which lets whoever comes from its own machine make the first user.
 *
 * @throws Error where mongod does not answer, or has an admin with another password.
 */
export async function initiateSecured(
  set: ReplicaSet,
  passwordOf: (person: MongoPerson) => string,
): Promise<Outcome> {
  const at = `127.0.0.1:${set.host.split(':').at(-1)}`;
  const auth = { username: 'admin', password: passwordOf('admin') };
  const outcome = await initiateReplicaSet(set, { at, auth }).catch(async (error: unknown) => {
    if (!isRefusal(error, 'AuthenticationFailed')) throw error;
    const made = await initiateReplicaSet(set, { at }).catch(explained);
    await withAdmin(connection(at), async (admin) => {
      await admin.command({ createUser: 'admin', pwd: auth.password, roles: ['root'] });
    }).catch(explained);
    return made;
  });
  await withAdmin(connection(at, auth), async (admin) => applyMongoRights(admin, set.database, passwordOf));
  return outcome;
}

function connection(at: string, auth?: Initiator['auth']): MongoClient {
  return new MongoClient(`mongodb://${at}/?authSource=admin`, {
    directConnection: true,
    serverSelectionTimeoutMS: 2_000,
    ...(auth && { auth }),
  });
}

async function withAdmin(client: MongoClient, work: (admin: Db) => Promise<void>): Promise<void> {
  try {
    await work(client.db('admin'));
  } finally {
    await client.close();
  }
}

function isRefusal(error: unknown, codeName: string): boolean {
  return error instanceof MongoServerError && error.codeName === codeName;
}

function explained(error: unknown): never {
  if (!isRefusal(error, 'Unauthorized')) throw error;
  throw new Error('MongoDB has an admin, with another password than the file mongo/admin.password has', {
    cause: error,
  });
}
