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

/** What a mongod is made with. */
export interface MongoSettings {
  mongod: Mongod;
  port: number;
  dataDir: string;
  logFile: string;
}

/** The URL clients use, with the pipeline's database: they find the member through the set. */
export function mongoUrl(port: number): string {
  return `mongodb://${loopback}:${port}/activity?replicaSet=${replicaSet}`;
}

const setConfig = z.looseObject({
  version: z.number(),
  members: z.array(z.looseObject({ host: z.string() })),
});

/** Makes the set at the first start; names the member anew where the port is another than last time. */
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
    const settings = { electionTimeoutMillis: 1_000 };
    await admin.command({ replSetInitiate: { _id: replicaSet, members: [{ _id: 0, host }], settings } });
  }
}

/**
 * Makes the mongod at `host` the one member of its replica set. Tries until mongod listens and has read its
 * configuration, both of which it may take a moment for.
 */
export async function ensureReplicaSet(host: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const client = new MongoClient(`mongodb://${host}`, {
      directConnection: true,
      serverSelectionTimeoutMS: 500,
    });
    try {
      return await configure(client, host);
    } catch {
      await sleep(50, undefined, { signal });
    } finally {
      await client.close();
    }
  }
}

/** Describes mongod to whatever starts it. */
export function mongoSpec(settings: MongoSettings): PartSpec {
  const { port } = settings;
  const address = `${loopback}:${port}`;
  const dbpath = join(settings.dataDir, 'db');
  const args = ['--replSet', replicaSet, '--bind_ip', loopback, '--port', String(port), '--dbpath', dbpath];
  return {
    name: 'mongodb',
    address,
    logFile: settings.logFile,
    probe: { kind: 'mongodb', url: `mongodb://${address}` },
    command: {
      file: settings.mongod.file,
      args: [
        ...args,
        '--quiet',
        '--nounixsocket',
        '--wiredTigerCacheSizeGB',
        '0.5',
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
    settle: (signal) => ensureReplicaSet(address, signal),
    remedy: 'if its data is damaged, `npm start -- --fresh` begins with empty data',
    bootTimeoutMs: 60_000,
    stopGraceMs: 15_000,
  };
}
