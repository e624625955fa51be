// The query service's process on a MongoDB of its own, for integration tests.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { freePort, startMongo, type LocalServer } from '@activity/testbed';
import { MongoClient, type Document } from 'mongodb';
import { assert, vi } from 'vitest';

/** What runs. */
export interface QueryProcess {
  mongo: LocalServer;
  client: MongoClient;
  service: ChildProcess;
  url: string;
  /** Returns status and body. */
  get: (path: string) => Promise<[number, Document]>;
  close: () => Promise<void>;
}

/** Starts both, with variables beside those of the addresses; resolves when the service is healthy. */
export async function startQuery(
  database: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<QueryProcess> {
  await using started = new AsyncDisposableStack();
  const mongo = await startMongo();
  started.defer(async () => mongo.stop());
  const uri = new URL(mongo.address);
  uri.pathname = `/${database}`;
  const client = await new MongoClient(uri.href).connect();
  started.defer(async () => client.close());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, PORT: String(port), MONGODB_URI: uri.href, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  started.defer(() => void service.kill('SIGKILL'));

  async function get(path: string): Promise<[number, Document]> {
    const response = await fetch(`${url}${path}`);
    return [response.status, (await response.json()) as Document];
  }

  await vi.waitFor(async () => assert.equal((await get('/health'))[0], 200), {
    timeout: 10_000,
    interval: 50,
  });
  const running = started.move();
  return { mongo, client, service, url, get, close: async () => running.disposeAsync() };
}
