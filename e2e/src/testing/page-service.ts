// A query service with keys on a day's activity, and its page in a browser: for tests of the page.
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collections, windowId, windowSizes } from '@activity/contracts';
import { Long, MongoClient, type Db, type Document } from 'mongodb';
import type { Browser } from 'playwright-core';
import { ensurePage } from '@activity/local/parts/page';
import { projectRoot } from '@activity/testbed/paths';
import { openPage, type WatchedPage } from '@activity/testbed/testing/browser';
import { startQuery, type QueryProcess } from './query-process.ts';
import { fillActivity } from './stored-activity.ts';

/** A database with a day's activity of {@link userOf}(0 … 29), a query service, and a key that may read. */
export class PageService implements AsyncDisposable {
  readonly key: string;
  readonly #folder: string;
  readonly #client: MongoClient;
  readonly #env: Record<string, string>;
  #process: QueryProcess;
  #next = 1_000_000_000;

  private constructor(
    folder: string,
    key: string,
    client: MongoClient,
    env: Record<string, string>,
    query: QueryProcess,
  ) {
    this.#folder = folder;
    this.key = key;
    this.#client = client;
    this.#env = env;
    this.#process = query;
  }

  static async start(mongodb: string, database: string): Promise<PageService> {
    const folder = mkdtempSync(join(tmpdir(), 'page-keys-'));
    const key = runKeys(folder, 'create', '--name', 'page', '--scope', 'read');
    const uri = new URL(mongodb);
    uri.pathname = `/${database}`;
    const client = await new MongoClient(uri.href).connect();
    await fillActivity(client.db(), { logs: 2_000, users: 30, until: Date.now(), spanMs: 20 * 3_600_000 });
    await ensurePage();
    const env = {
      MONGODB_URI: uri.href,
      API_KEYS_FILE: join(folder, 'keys.json'),
      // Sessions outlive a restart.
      SESSION_KEY: randomBytes(48).toString('base64'),
      LOG_LEVEL: 'fatal',
    };
    return new PageService(folder, key, client, env, await startQuery(env));
  }

  get url(): string {
    return this.#process.url;
  }

  get #db(): Db {
    return this.#client.db();
  }

  /** Stores a log as the sink does; resolves with its event's id. */
  async store(fields: Document = {}): Promise<string> {
    const id = this.#next++;
    const now = new Date();
    const times = { timestamp: now, receivedAt: now, createdAt: now };
    const eventId = `new-${id}`;
    const log = { eventId, userId: 'visitor', activityType: 'LOGIN', metadata: {}, ...times, ...fields };
    const document: Document = { _id: Long.fromNumber(id), ...log };
    await this.#db.collection('logs').insertOne(document);
    return eventId;
  }

  /** Stores a user with `total` logins of one moment, and what is counted of them. */
  async storeUser(userId: string, at: Date, total: number): Promise<void> {
    const lastId = Long.fromNumber(this.#next);
    for (let index = 0; index < total; index++) await this.store({ userId, timestamp: at });
    const counts = {
      userId,
      total: Long.fromNumber(total),
      byType: { LOGIN: Long.fromNumber(total) },
      lastId,
    };
    const windows = (['hour', 'day'] as const).map((size) => {
      const length = windowSizes[size];
      const windowStart = new Date(Math.floor(at.getTime() / length) * length);
      const windowEnd = new Date(windowStart.getTime() + length);
      const _id = windowId(userId, size, windowStart.toISOString());
      return { _id, size, windowStart, windowEnd, ...counts };
    });
    const none = Long.fromNumber(0);
    const user = { firstSeen: at, lastSeen: at, rolling: { last5m: none, last1h: none, last24h: none } };
    await this.#db.collection<Document & { _id: string }>(collections.counts).insertMany(windows);
    await this.#db
      .collection<Document & { _id: string }>(collections.users)
      .insertOne({ _id: userId, ...counts, ...user });
  }

  /** The page at a place, not signed in. */
  async open(browser: Browser, hash: string): Promise<WatchedPage> {
    const watched = await openPage(browser);
    await watched.page.goto(`${this.url}/${hash}`);
    return watched;
  }

  /** The page at a place, signed in. */
  async openSignedIn(browser: Browser, hash: string): Promise<WatchedPage> {
    const watched = await this.open(browser, hash);
    const { page } = watched;
    await page.getByLabel('API key').fill(this.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    return watched;
  }

  revokeKey(): void {
    runKeys(this.#folder, 'revoke', this.key.split('_')[1] ?? '');
  }

  /** Ends the service; `resume` starts it again where it was. */
  async pause(): Promise<void> {
    await this.#process.stop();
  }

  async resume(): Promise<void> {
    this.#process = await startQuery(this.#env, this.#process.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    // MongoDB may have been killed by its test.
    await this.#client.close(true);
    rmSync(this.#folder, { recursive: true });
  }
}

function runKeys(folder: string, ...args: string[]): string {
  const cli = join(projectRoot, 'packages/service/src/keys/cli.ts');
  return execFileSync(process.execPath, [cli, ...args], {
    env: { ...process.env, API_KEYS_FILE: join(folder, 'keys.json') },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}
