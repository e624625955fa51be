// MongoDB: one mongod that is a replica set of one member, on loopback only.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient, MongoServerError } from 'mongodb';
import { z } from 'zod';
import type { Mongod } from '../fetch/mongod.ts';
import type { PartSpec } from '../process/part.ts';
import { loopback } from '../process/ports.ts';

const replicaSet = 'rs0';

/** What a URL begins with, and ends with, for one account. */
export interface MongoAccess {
  credentials: string;
  options: string;
}

/** What makes a mongod one that clients reach with a password, over TLS. */
export interface SecureMongo {
  /** Arguments, beside those of one that is open. */
  args: readonly string[];
  admin: MongoAccess;
  /** Makes the admin, over a connection that mongod accepts while nobody is known. */
  makeAdmin: (open: MongoClient) => Promise<void>;
  /** Gives every account what it may do, at each start; `admin` is the admin's connection. */
  applyRights: (admin: MongoClient, database: string) => Promise<void>;
}

/** What a mongod is made with. */
export interface MongoSettings {
  mongod: Mongod;
  port: number;
  dataDir: string;
  logFile: string;
  /** Without it mongod is open to all of this machine. */
  secure?: SecureMongo | undefined;
}

const database = 'activity';
const open: MongoAccess = { credentials: '', options: '' };

/** The URL clients use, with the pipeline's database: they find the member through the set. */
export function mongoUrl(port: number, access: MongoAccess = open): string {
  const { credentials, options } = access;
  return `mongodb://${credentials}${loopback}:${port}/${database}?replicaSet=${replicaSet}${options}`;
}

const setConfig = z.looseObject({
  version: z.number(),
  members: z.array(z.looseObject({ host: z.string() })),
});

/** Makes the set at the first start; names the member again where the port is another than last time. */
async function configure(client: MongoClient, host: string): Promise<void> {
  const admin = client.db('admin');
  try {
    const answer = await admin.command({ replSetGetConfig: 1 });
    const config = setConfig.parse(answer['config']);
    const [member] = config.members;
    if (!member || member.host === host) return;
    const moved = { ...config, version: config.version + 1, members: [{ ...member, host }] };
    await admin.command({ replSetReconfig: moved, force: true });
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.codeName !== 'NotYetInitialized') throw error;
    await initiate(client, host);
  }
}

async function initiate(client: MongoClient, host: string): Promise<void> {
  const settings = { electionTimeoutMillis: 1_000 };
  const members = [{ _id: 0, host }];
  await client.db('admin').command({ replSetInitiate: { _id: replicaSet, members, settings } });
}

function direct(host: string, { credentials, options }: MongoAccess): MongoClient {
  return new MongoClient(`mongodb://${credentials}${host}/?directConnection=true${options}`, {
    serverSelectionTimeoutMS: 500,
  });
}

/**
 * At the first start nobody is known, and whoever is on the same machine
 * may begin the set and make the admin.
 */
async function begin(host: string, secure: SecureMongo): Promise<void> {
  const anyone = direct(host, { ...secure.admin, credentials: '' });
  try {
    await initiate(anyone, host).catch((error: unknown) => {
      if (!(error instanceof MongoServerError) || error.codeName !== 'AlreadyInitialized') throw error;
    });
    await secure.makeAdmin(anyone);
  } finally {
    await anyone.close();
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof MongoServerError && error.codeName === 'AuthenticationFailed';
}

/**
 * Makes the mongod at `host` the one member of its replica set. Tries until mongod listens and has read its
 * configuration, both of which it may take a moment for.
 */
export async function ensureReplicaSet(
  host: string,
  signal: AbortSignal,
  secure?: SecureMongo,
): Promise<void> {
  for (;;) {
    const client = direct(host, secure?.admin ?? open);
    try {
      await configure(client, host);
      await secure?.applyRights(client, database);
      return;
    } catch (error) {
      if (secure && isUnknown(error)) await begin(host, secure).catch(() => {});
      await sleep(50, undefined, { signal });
    } finally {
      await client.close();
    }
  }
}

/**
 * How much memory its data may take, and how much of that may wait to be written: by default a twentieth,
 * beyond which pages that change often are written again and again (a third of mongod's work at 1,000 events
 * a second). Every checkpoint, once a minute, writes them once.
 */
const cache = [
  '--wiredTigerCacheSizeGB',
  '1',
  '--wiredTigerEngineConfigString',
  'eviction_dirty_target=20,eviction_dirty_trigger=40,eviction_updates_target=20,eviction_updates_trigger=40',
];

/** Describes mongod to whatever starts it. */
export function mongoSpec(settings: MongoSettings): PartSpec {
  const { port, secure } = settings;
  const address = `${loopback}:${port}`;
  const dbpath = join(settings.dataDir, 'db');
  const args = ['--replSet', replicaSet, '--bind_ip', loopback, '--port', String(port), '--dbpath', dbpath];
  return {
    name: 'mongodb',
    address,
    logFile: settings.logFile,
    // Anyone may ask whether it is the primary.
    probe: {
      kind: 'mongodb',
      url: `mongodb://${address}/?${secure?.admin.options ?? ''}`,
    },
    command: {
      file: settings.mongod.file,
      args: [
        ...args,
        ...(secure?.args ?? []),
        '--quiet',
        '--nounixsocket',
        ...cache,
        '--setParameter',
        'diagnosticDataCollectionEnabled=false',
        '--setParameter',
        'shutdownTimeoutMillisForSignaledShutdown=100',
      ],
    },
    prepare(): Promise<void> {
      mkdirSync(dbpath, { recursive: true });
      return Promise.resolve();
    },
    settle: (signal) => ensureReplicaSet(address, signal, secure),
    remedy: 'if its data is damaged, `npm start -- --fresh` begins with empty data',
    bootTimeoutMs: 60_000,
    stopGraceMs: 15_000,
  };
}
