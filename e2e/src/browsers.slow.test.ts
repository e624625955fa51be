// 200 tabs of a web shop, closed in the middle of sending, offline and back, while edge and broker are
// killed: whatever a page kept is in MongoDB once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collections, defaultTopics } from '@activity/contracts';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { openBrowser } from '@activity/testbed/testing/browser';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { healthy, killPart } from './testing/outages.ts';
import { makePublicKey, serveShop } from './testing/shop.ts';
import { visit } from './testing/shop-tabs.ts';
import { startStack } from './testing/stack.ts';

/** How many records a topic has. */
async function recordsIn(broker: string, topic: string): Promise<number> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return ends.reduce((sum, { high }) => sum + Number(high), 0);
}

test('what 200 tabs have tracked is stored once', async (context) => {
  const found = await openBrowser();
  if ('missing' in found) return context.skip(found.missing);
  const { browser } = found;
  const folder = mkdtempSync(join(tmpdir(), 'activity-browsers-'));
  const shop = await serveShop();
  const keys = join(folder, 'keys.json');
  const key = await makePublicKey(keys, shop.origin);
  // The services inherit it, those too that are started again.
  vi.stubEnv('API_KEYS_FILE', keys);
  const stack = await startStack('browsers');
  const broker = `127.0.0.1:${stack.ports.kafka}`;
  const mongo = await new MongoClient(mongoUrl(stack.ports.mongodb)).connect();
  try {
    shop.sendTo(`http://127.0.0.1:${stack.ports.ingest}`, key);
    const visiting = visit(browser, shop.origin, { visitors: 4, tabsEach: 50, seed: 7 });
    for (const part of ['ingest', 'kafka', 'ingest']) {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      await killPart(stack.pipeline, part);
      await healthy(stack.pipeline);
    }
    const { tracked, keptAtClose, dropped } = await visiting;
    expect(dropped).toEqual([]);
    expect(keptAtClose).toBeGreaterThan(50);
    const ids = [...new Set(tracked)];
    expect(ids).toHaveLength(tracked.length);
    const logs = mongo.db().collection(collections.logs);
    const stored = async (): Promise<number> => (await logs.distinct('eventId')).length;
    await vi.waitFor(async () => expect(await stored()).toBe(ids.length), {
      timeout: 120_000,
      interval: 250,
    });
    expect(new Set(await logs.distinct('eventId'))).toEqual(new Set(ids));
    expect(await logs.countDocuments()).toBe(ids.length);
    expect(await recordsIn(broker, defaultTopics.deadLetter)).toBe(0);
    const raw = await recordsIn(broker, defaultTopics.raw);
    console.log(
      `${ids.length} events of 200 tabs, ${raw} copies on the raw topic, ${keptAtClose} tabs closed with events kept`,
    );
  } finally {
    await mongo.close();
    await browser.close();
    await stack.stop();
    await shop.stop();
    rmSync(folder, { recursive: true });
  }
});
