// All services of the pipeline on servers that a test started, in an order in which each becomes ready.
import { join } from 'node:path';
import type { LocalServer } from '@activity/testbed';
import { startService, type ServiceProcess } from './service-process.ts';

/** Where they work. */
export interface ServicesOptions {
  /** `host:port` of brokers, with commas between them. */
  brokers: string;
  mongo: LocalServer;
  connect: LocalServer;
  /** For what they keep on disk. */
  folder: string;
}

/** Services that run. */
export interface Services extends AsyncDisposable {
  readonly edge: ServiceProcess;
  readonly all: readonly ServiceProcess[];
}

/** Starts them, and resolves when all are ready. */
export async function startServices({ brokers, mongo, connect, folder }: ServicesOptions): Promise<Services> {
  const env = {
    KAFKA_BROKERS: brokers,
    MONGODB_URI: mongo.address,
    SINK_MONGODB_URI: mongo.address,
    CONNECT_URL: connect.address,
    STATE_DIR: join(folder, 'processor'),
  };
  const query = await startService('query', env);
  const edge = await startService('ingest', { ...env, QUERY_URL: query.url });
  const all = [query, edge, await startService('processor', env), await startService('connect', env)];
  async function stop(): Promise<void> {
    await Promise.all(all.map((service) => service.stop()));
  }
  try {
    for (const service of all) await service.until(200, 120_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { edge, all, [Symbol.asyncDispose]: stop };
}
