// A whole pipeline that clients of Segment's API send to: with keys, and with a page that may use the edge.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collections, defaultTopics } from '@activity/contracts';
import { addKey, addPublicKey } from '@activity/service';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { openBrowser } from '@activity/testbed/testing/browser';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient, type Collection } from 'mongodb';
import type { Browser } from 'playwright-core';
import { expect, vi } from 'vitest';
import { killPart } from './outages.ts';
import { whyNoPython, type Reported } from './segment-clients.ts';
import { servePage, type PageServer } from './segment-page.ts';
import { startStack, type Stack } from './stack.ts';

interface Log {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: Record<string, unknown>;
}

/** A stack for the clients, with a browser for the one that runs in a page. */
export interface SegmentStack {
  edge: string;
  writeKey: string;
  /** A key that may register types. */
  adminKey: string;
  /** A key that may read. */
  readKey: string;
  ports: Stack['ports'];
  /** The brokers, for tools of the command line. */
  kafka: string;
  /** The server of a page, and the public key that is for it. */
  page: PageServer & { writeKey: string };
  logs: Collection<Log>;
  /** How far the dead-letter topic goes, markers of transactions included; 0 where nothing was refused. */
  deadLetters(): Promise<number>;
  /** A browser, and why there is none. */
  browser: Browser | undefined;
  noBrowser: string;
  /** Why there is no Python to run its client with; empty where there is. */
  noPython: string;
  /** Kills a part and waits until the edge takes events again. */
  kill(part: string): Promise<void>;
  /** Expects what a client reported as delivered to be stored, once each, and nothing in the dead letters. */
  expectStored(reported: Reported): Promise<void>;
  stop(): Promise<void>;
}

/** How it is started. */
export interface SegmentStackOptions {
  /** Whether Python's client is fetched. */
  python?: boolean;
  /** Variables of the services. */
  env?: Record<string, string>;
}

/** Starts it. */
export async function startSegmentStack(
  name: string,
  { python = true, env = {} }: SegmentStackOptions = {},
): Promise<SegmentStack> {
  const [found, noPython] = await Promise.all([openBrowser(), python ? whyNoPython() : 'not asked for']);
  const browser = 'missing' in found ? undefined : found.browser;
  const folder = mkdtempSync(join(tmpdir(), `activity-${name}-keys-`));
  const keys = join(folder, 'keys.json');
  const writeKey = await addKey(keys, name, ['ingest'], new Date());
  const adminKey = await addKey(keys, `${name} admin`, ['admin'], new Date());
  const readKey = await addKey(keys, `${name} reader`, ['read'], new Date());
  const server = await servePage();
  const page = { ...server, writeKey: await addPublicKey(keys, name, [server.origin], new Date()) };
  // The services inherit it, those too that are started again.
  const before = { ...process.env };
  const set = { ...env, API_KEYS_FILE: keys };
  Object.assign(process.env, set);
  const stack: Stack = await startStack(name);
  const { ports, pipeline } = stack;
  const client = await new MongoClient(mongoUrl(ports.mongodb)).connect();
  const logs = client.db().collection<Log>(collections.logs);
  const kafka = `127.0.0.1:${ports.kafka}`;
  const admin = new Kafka({ brokers: [kafka], logLevel: logLevel.NOTHING }).admin();

  async function deadLetters(): Promise<number> {
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(defaultTopics.deadLetter);
    await admin.disconnect();
    return ends.reduce((sum, { high }) => sum + Number(high), 0);
  }

  const edge = `http://127.0.0.1:${ports.ingest}`;
  return {
    edge,
    writeKey,
    adminKey,
    readKey,
    ports,
    kafka,
    page,
    logs,
    deadLetters,
    browser,
    noBrowser: 'missing' in found ? found.missing : '',
    noPython,
    async kill(part) {
      await killPart(pipeline, part);
      await vi.waitFor(
        async () => {
          const status = await fetch(`${edge}/readyz`).then((response) => response.status);
          expect(status).toBe(200);
        },
        { timeout: 60_000, interval: 100 },
      );
    },
    async expectStored({ delivered }) {
      const ids = [...new Set(delivered)];
      expect(ids.length).toBeGreaterThan(0);
      const stored = (): Promise<number> => logs.countDocuments({ eventId: { $in: ids } });
      await vi.waitFor(async () => expect(await stored()).toBeGreaterThanOrEqual(ids.length), {
        timeout: 60_000,
        interval: 200,
      });
      expect(await stored()).toBe(ids.length);
      expect((await logs.distinct('eventId', { eventId: { $in: ids } })).toSorted()).toEqual(ids.toSorted());
      expect(await deadLetters()).toBe(0);
    },
    async stop() {
      for (const variable of Object.keys(set)) {
        const value = before[variable];
        if (value === undefined) delete process.env[variable];
        else process.env[variable] = value;
      }
      await browser?.close();
      await client.close();
      await stack.stop();
      await page.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
