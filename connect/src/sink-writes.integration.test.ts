// How the sink writes: it inserts logs, and what was stored before stops nothing and is not doubled.
import { servers } from '@activity/testbed/testing';
import { Long, type Document } from 'mongodb';
import { afterAll, assert, beforeAll, describe, expect, test, vi } from 'vitest';
import { createConnectClient } from './connect-client.ts';
import { register } from './registrar.ts';
import { iso, log, startSinkStack, type SinkStack } from './testing/sink-stack.ts';

const connector = 'writes-test-logs-sink';
let sink: SinkStack;

beforeAll(async () => {
  sink = await startSinkStack(servers().kafka, 'writes');
  await sink.ready(60_000);
}, 120_000);

afterAll(() => sink?.[Symbol.asyncDispose]());

function byId(id: number): Document {
  return { _id: Long.fromNumber(id) };
}

function later(ms: number): string {
  return new Date(Date.parse(iso) + ms).toISOString();
}

/** Stores a log that comes behind all others, and waits for it. */
async function storeLast(id: number): Promise<void> {
  await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, [log(id)]);
  await sink.stored(byId(id), 1, 60_000);
}

async function restarts(): Promise<number> {
  const metrics = await (await fetch(`${sink.monitoring}/metrics`)).text();
  const pattern = new RegExp(`^activity_connect_restarts_total\\{connector="${connector}".*\\} (\\d+)$`, 'm');
  return Number(pattern.exec(metrics)?.[1] ?? 0);
}

/** Waits until a connector has stored all that its topic holds, and has committed that it has. */
async function committedAll(name: string, topic: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const [group] = await sink.admin.fetchOffsets({ groupId: `connect-${name}`, topics: [topic] });
      const committed = new Map(
        group?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
      );
      for (const { partition, high } of await sink.admin.fetchTopicOffsets(topic))
        expect(Math.max(0, committed.get(partition) ?? 0)).toBe(Number(high));
    },
    { timeout: 30_000, interval: 200 },
  );
}

/** Lets the sink read its topic from the beginning, as the documentation says. */
async function readAgain(): Promise<void> {
  const url = `${sink.connect.address}/connectors/${connector}`;
  await fetch(`${url}/stop`, { method: 'PUT' });
  await vi.waitFor(async () => assert.ok((await fetch(`${url}/offsets`, { method: 'DELETE' })).ok), {
    timeout: 30_000,
    interval: 200,
  });
  await fetch(`${url}/resume`, { method: 'PUT' });
}

describe('the sink', () => {
  test('replaces a document that somebody has put where a log belongs, and goes on', async () => {
    await sink.db
      .collection('logs')
      .insertOne({ ...byId(3), foreign: true }, { bypassDocumentValidation: true });
    await sink.send(
      sink.topics.KAFKA_ENRICHED_TOPIC,
      [1, 2, 3, 4, 5].map((id) => log(id, { userId: 'guest' })),
    );
    await sink.stored({ userId: 'guest' }, 5);
    expect(await sink.db.collection('logs').findOne(byId(3))).not.toHaveProperty('foreign');
    expect(await sink.deadLetters()).toBe(0);
    expect(await restarts()).toBe(0);
  });

  test('ends with the marker of a log, in one poll and when the log comes again', async () => {
    // Of now: an old marker would expire.
    const marker = { _id: 11, deletedAt: new Date().toISOString(), by: 12 };
    await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, [log(10), log(11), marker, log(13)]);
    await storeLast(14);
    expect(await sink.db.collection('logs').findOne(byId(11))).toHaveProperty('deletedAt');
    // As from a task that does not know yet that another one has its partition.
    await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, [log(11)]);
    await storeLast(15);
    expect(await sink.db.collection('logs').findOne(byId(11))).toHaveProperty('deletedAt');
  });

  test('stores a log in the place of a marker that is older than the log', async () => {
    await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, [
      { _id: 16, deletedAt: later(-1_000), by: 17 },
      log(18),
    ]);
    await sink.stored(byId(18), 1);
    await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, [log(16)]);
    await storeLast(19);
    expect(await sink.db.collection('logs').findOne(byId(16))).toMatchObject({ eventId: 'e16' });
  });

  test('writes the newest value of an id that is in one poll several times', async () => {
    const user = { _id: 'often', userId: 'often', byType: {}, firstSeen: iso, lastSeen: iso };
    const totals = Array.from({ length: 500 }, (_, index) => ({ ...user, total: index + 1 }));
    await sink.send(sink.topics.KAFKA_USERS_TOPIC, totals);
    await vi.waitFor(
      async () => {
        const stored = await sink.db.collection<{ _id: string }>('users').findOne({ _id: 'often' });
        expect(stored).toMatchObject({ total: Long.fromNumber(500) });
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  test('inserts new windows, and replaces those that are there, known to the task or not', async () => {
    const counts = sink.db.collection<{ _id: string }>('counts');
    const window = (id: number, total: number): Document => {
      const parts = { userId: 'u', size: 'hour', windowStart: iso, windowEnd: iso, byType: {} };
      return { ...parts, _id: `u|hour|${id}`, total };
    };
    await counts.insertOne({ ...byId(0), _id: 'u|hour|2' }, { bypassDocumentValidation: true });
    const ids = [1, 2, 3, 4];
    for (const total of [1, 2, 3]) {
      await sink.send(
        sink.topics.KAFKA_COUNTS_TOPIC,
        ids.map((id) => window(id, total)),
      );
      await vi.waitFor(
        async () => {
          const stored = await counts.find({ total: Long.fromNumber(total) } as Document).toArray();
          expect(stored).toHaveLength(ids.length);
        },
        { timeout: 20_000, interval: 100 },
      );
    }
    const marker = { _id: 'u|hour|1', deletedAt: new Date().toISOString(), by: 1 };
    await sink.send(sink.topics.KAFKA_COUNTS_TOPIC, [marker, window(1, 4)]);
    await vi.waitFor(
      async () => {
        const stored = await counts.findOne({ _id: 'u|hour|1' });
        expect(stored).toMatchObject({ total: Long.fromNumber(4) });
        expect(stored).not.toHaveProperty('deletedAt');
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  test.each([
    ['a list', '[1]'],
    ['a text', '"log"'],
    ['nothing', ''],
    ['two objects', `${JSON.stringify(log(20))}{}`],
    ['a field twice', '{"_id":20,"_id":21}'],
    ['a name that begins with $', JSON.stringify(log(20, { $set: { userId: 'u' } }))],
    ['a number of more than 64 bits', JSON.stringify(log(20)).replace('"e20"', '99999999999999999999')],
    ['a day that no month has', JSON.stringify(log(20, { timestamp: '2026-02-30T00:00:00.000Z' }))],
    ['a time that is a number', JSON.stringify(log(20, { timestamp: 1 }))],
  ])('puts a record aside that is %s', async (_, value) => {
    const before = await sink.deadLetters();
    await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, [value]);
    await vi.waitFor(async () => expect(await sink.deadLetters()).toBe(before + 1), {
      timeout: 20_000,
      interval: 100,
    });
    expect(await restarts()).toBe(0);
  });

  test('keeps values as they are: order, nesting, null in lists, signs, dates of every year', async () => {
    const metadata = {
      z: [null, { gone: null, kept: -0.5 }, [[]], 'a\u0000b'],
      a: { deep: { empty: {}, not: null } },
      e: 1e21,
      n: -(2 ** 53),
    };
    const timestamp = '0001-02-28T23:59:59.999Z';
    await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, [log(30, { metadata, timestamp, extra: null })]);
    await sink.stored(byId(30), 1);
    const stored = await sink.db.collection('logs').findOne(byId(30));
    expect(stored).toEqual({
      ...log(30),
      _id: Long.fromNumber(30),
      metadata: {
        z: [null, { kept: -0.5 }, [[]], 'a\u0000b'],
        a: { deep: { empty: {} } },
        e: 1e21,
        n: Long.fromNumber(-(2 ** 53)),
      },
      timestamp: new Date(timestamp),
      receivedAt: new Date(iso),
      createdAt: new Date(iso),
    });
    expect(Object.keys((stored?.['metadata'] ?? {}) as Document)).toEqual(['z', 'a', 'e', 'n']);
  });

  test('stores each log once when its worker is killed in the middle of its bulks', async () => {
    const before = await sink.deadLetters();
    const ids = Array.from({ length: 30_000 }, (_, index) => 100_000 + index);
    const load: Document = { userId: 'load' };
    for (let at = 0; at < ids.length; at += 500) {
      const some = ids.slice(at, at + 500).map((id) => log(id, { userId: 'load', metadata: { id } }));
      await sink.send(sink.topics.KAFKA_ENRICHED_TOPIC, some);
      if (at === 10_000) {
        await vi.waitFor(
          async () => assert.isAbove(await sink.db.collection('logs').countDocuments(load), 1_000),
          { timeout: 30_000, interval: 5 },
        );
        await sink.connect.kill();
      }
    }
    await sink.connect.restart();
    await sink.stored(load, ids.length, 120_000);
    const all = await sink.db.collection('logs').find(load).sort({ _id: 1 }).toArray();
    expect(all.map(({ metadata }) => Number((metadata as { id: Long }).id))).toEqual(ids);
    expect(await sink.deadLetters()).toBe(before);
  }, 240_000);

  test('stores again what its topic holds when its offsets are reset, and brings no log back', async () => {
    const logs = sink.db.collection('logs');
    await storeLast(40);
    const restarted = await restarts();
    const before = await logs.find().sort({ _id: 1 }).toArray();
    await logs.updateOne(byId(1), { $set: { userId: 'changed' } });
    await logs.deleteOne(byId(2));
    await readAgain();
    await vi.waitFor(
      async () =>
        expect(
          await logs.find({ _id: { $in: [Long.fromNumber(1), Long.fromNumber(2)] } } as Document).toArray(),
        ).toMatchObject([{ userId: 'guest' }, { userId: 'guest' }]),
      { timeout: 60_000, interval: 200 },
    );
    await storeLast(41);
    const after = await logs.find(byId(41)).toArray();
    expect(after).toHaveLength(1);
    expect(
      await logs
        .find({ _id: { $ne: Long.fromNumber(41) } } as Document)
        .sort({ _id: 1 })
        .toArray(),
    ).toEqual(before);
    expect(await restarts()).toBe(restarted);
  }, 240_000);

  test('goes on as a connector of the project’s own where it was one of MongoDB’s', async () => {
    const client = createConnectClient(sink.connect.address);
    const name = 'writes-test-moved-sink';
    const moved = sink.db.collection('moved');
    const now = { ...(await client.config('writes-test-users-sink')), name, collection: 'moved' };
    const strategy = 'com.mongodb.kafka.connect.sink.writemodel.strategy.ReplaceOneDefaultStrategy';
    const before = {
      ...now,
      'connector.class': 'com.mongodb.kafka.connect.MongoSinkConnector',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
      'writemodel.strategy': strategy,
      'mongo.errors.tolerance': 'none',
    };
    const user = { userId: 'moved', byType: {}, total: 1, firstSeen: iso, lastSeen: iso };
    /** Sends a user until it is stored as the connector of now does: tasks of before end some time later. */
    const stored = async (id: string, wanted: Document[]): Promise<void> =>
      vi.waitFor(
        async () => {
          await sink.send(sink.topics.KAFKA_USERS_TOPIC, [{ ...user, _id: id }]);
          const statuses = await client.statuses();
          expect(statuses.find((status) => status.name === name)?.tasks).toMatchObject([
            { state: 'RUNNING' },
            { state: 'RUNNING' },
          ]);
          const found = await moved.find({ userId: 'moved' }).sort({ _id: 1 }).toArray();
          expect(found.map(({ _id, firstSeen }) => ({ _id, firstSeen }))).toEqual(wanted);
        },
        { timeout: 80_000, interval: 500 },
      );
    expect(await register(client, { name, config: before })).toBe('created');
    await stored('before', [{ _id: 'before', firstSeen: iso }]);
    await committedAll(name, sink.topics.KAFKA_USERS_TOPIC);
    expect(await register(client, { name, config: now })).toBe('updated');
    // It has not read the topic again: what was stored before is as it was.
    await stored('after', [
      { _id: 'after', firstSeen: new Date(iso) },
      { _id: 'before', firstSeen: iso },
    ]);
  }, 180_000);
});
