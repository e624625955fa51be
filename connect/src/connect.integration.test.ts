// The sink: what it stores, puts aside and survives; its watch; the eraser.
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { servers } from '@activity/testbed/testing';
import { Long, type Document } from 'mongodb';
import { afterAll, assert, beforeAll, describe, expect, test, vi } from 'vitest';
import { migrate } from './migrate.ts';
import { iso, log, startSinkStack, topics, type SinkStack } from './testing/sink-stack.ts';

const windowTtlDays = { minute: 2, hour: 90, day: 730 };
const time = new Date(iso);
let nextId = 1_000;
let sink: SinkStack;

beforeAll(async () => {
  sink = await startSinkStack(servers().kafka);
});

afterAll(() => sink?.[Symbol.asyncDispose]());

describe('the sink on a real worker and a real MongoDB', () => {
  test('is ready when all connectors and tasks run, and shows them as metrics', async () => {
    await sink.ready(60_000);
    // The worker may still move tasks about after the last connector has come.
    await vi.waitFor(
      async () => {
        const metrics = await (await fetch(`${sink.monitoring}/metrics`)).text();
        for (const collection of ['logs', 'counts', 'users']) {
          expect(metrics).toMatch(
            new RegExp(
              `activity_connect_tasks\\{connector="sink-test-${collection}-sink",state="RUNNING".*\\} 2`,
            ),
          );
        }
      },
      { timeout: 30_000, interval: 200 },
    );
  });

  test('stores logs with long ids, BSON dates and untouched metadata', async () => {
    const metadata = { 'a.b': 1, deep: [{ x: 'ü', f: 1.5, big: Number.MAX_SAFE_INTEGER }], yes: true };
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [log(2 ** 50 + 1, { metadata })]);
    await sink.stored({ userId: 'u' }, 1);
    expect(await sink.db.collection('logs').findOne({})).toEqual({
      _id: Long.fromNumber(2 ** 50 + 1),
      eventId: `e${2 ** 50 + 1}`,
      userId: 'u',
      activityType: 'LOGIN',
      metadata: {
        'a.b': Long.fromNumber(1),
        deep: [{ x: 'ü', f: 1.5, big: Long.fromNumber(Number.MAX_SAFE_INTEGER) }],
        yes: true,
      },
      timestamp: time,
      receivedAt: time,
      createdAt: time,
    });
  });

  test('stores counts and users, the last value of each', async () => {
    const count = {
      _id: 'u|day|x',
      userId: 'u',
      size: 'day',
      windowStart: iso,
      windowEnd: iso,
      byType: { LOGIN: 1 },
    };
    const user = { _id: 'u', userId: 'u', byType: {}, firstSeen: iso, lastSeen: iso };
    await sink.send(topics.KAFKA_COUNTS_TOPIC, [
      { ...count, total: 1 },
      { ...count, total: 2 },
      { ...count, total: 3 },
    ]);
    await sink.send(topics.KAFKA_USERS_TOPIC, [
      { ...user, total: 1 },
      { ...user, total: 2 },
      { ...user, total: 3 },
    ]);
    await vi.waitFor(
      async () => {
        expect(await sink.db.collection('counts').find().toArray()).toMatchObject([
          {
            ...count,
            windowStart: time,
            windowEnd: time,
            byType: { LOGIN: Long.ONE },
            total: Long.fromNumber(3),
            kafkaPartition: expect.any(Number),
            kafkaOffset: Long.fromNumber(2),
          },
        ]);
        expect(await sink.db.collection('users').find().toArray()).toEqual([
          { ...user, firstSeen: time, lastSeen: time, total: Long.fromNumber(3) },
        ]);
      },
      { timeout: 20_000, interval: 100 },
    );
  });

  test('a marker replaces what it deletes; a tombstone changes nothing', async () => {
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [log(7), null, { _id: 7, deletedAt: iso }, log(8)]);
    await sink.stored({ _id: Long.fromNumber(8) }, 1);
    expect(await sink.db.collection('logs').findOne({ _id: Long.fromNumber(7) } as Document)).toEqual({
      _id: Long.fromNumber(7),
      deletedAt: time,
    });
    expect(await sink.deadLetters()).toBe(0);
  });

  test('stores nothing of an aborted transaction', async () => {
    const transactional = sink.kafka.producer({
      transactionalId: 'sink-test',
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await transactional.connect();
    const aborted = await transactional.transaction();
    await aborted.send({
      topic: topics.KAFKA_ENRICHED_TOPIC,
      messages: [{ key: 'u', value: JSON.stringify(log(20)) }],
    });
    await aborted.abort();
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [log(21)]);
    await sink.stored({ _id: Long.fromNumber(21) }, 1);
    expect(await sink.db.collection('logs').countDocuments({ _id: Long.fromNumber(20) })).toBe(0);
    await transactional.disconnect();
  });

  test.each<[string, string, Buffer | string]>([
    ['bytes that are no UTF-8', 'junk', Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x00])],
    ['an open list', 'junk', '[1, "two", '],
    ['an open map', 'junk', '{"a": {"b": '],
    ['a map of mixed keys and no comma', 'junk', '{1:2 "a":[}'],
    ['an open string', 'junk', '"never closed \\'],
    ['a list of thousands of lists', 'junk', '['.repeat(20_000)],
    ['only an escape', 'junk', '\\'],
    ['an empty value', 'junk', ''],
    ['more digits than can be parsed in good time', 'junk', '9'.repeat(900_000)],
    ['no name', '', 'x'],
  ])('stores a log whose record has a header of %s', async (_what, name, value) => {
    const before = await sink.deadLetters();
    const id = nextId++;
    await sink.producer.send({
      topic: topics.KAFKA_ENRICHED_TOPIC,
      messages: [{ key: 'u', value: JSON.stringify(log(id)), headers: { [name]: value } }],
    });
    await sink.stored({ _id: Long.fromNumber(id) }, 1);
    expect(await sink.deadLetters()).toBe(before);
    await sink.ready();
  });

  test('puts aside what cannot be converted, and goes on', async () => {
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, ['no JSON', log(30, { timestamp: '2026-01-02' }), log(31)]);
    await sink.stored({ _id: Long.fromNumber(31) }, 1);
    await vi.waitFor(async () => expect(await sink.deadLetters()).toBe(2), {
      timeout: 10_000,
      interval: 100,
    });
  });

  test('a refused write stops the task, is not lost, and goes through when nothing refuses it any more', async () => {
    const before = await sink.deadLetters();
    const metadata = { note: 'a-canary' };
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [log(40, { userId: 1, metadata }), log(41, { metadata })]);
    await vi.waitFor(
      async () => {
        const answer = (await (await fetch(`${sink.monitoring}/readyz`)).json()) as Document;
        expect(answer['reason']).toMatch(/task \d of sink-test-logs-sink is FAILED/);
      },
      { timeout: 20_000, interval: 20 },
    );
    expect(await sink.db.collection('logs').countDocuments({ _id: { $gte: 40, $lte: 41 } } as Document)).toBe(
      0,
    );
    const logged = readFileSync(sink.connect.logFile, 'utf8');
    expect(logged).toMatch(/writing the record sink-enriched-\d@\d+ to MongoDB failed: error 121/);
    expect(logged).toContain('Task threw an uncaught');
    expect(logged).not.toContain('a-canary');
    expect(statSync(sink.connect.logFile).mode & 0o777).toBe(0o600);
    await sink.db.command({ collMod: 'logs', validator: {} });
    await sink.stored({ _id: { $gte: 40, $lte: 41 } }, 2, 40_000);
    await migrate(sink.db, { markerTtlSeconds: 3_600, windowTtlDays });
    await sink.ready(40_000);
    expect(await sink.deadLetters()).toBe(before);
    const metrics = await (await fetch(`${sink.monitoring}/metrics`)).text();
    expect(metrics).toMatch(/activity_connect_restarts_total\{connector="sink-test-logs-sink".*\} [1-9]/);
  });

  test('an outage of MongoDB in the middle of the load loses and dead-letters nothing', async () => {
    const before = await sink.deadLetters();
    const ids = Array.from({ length: 20_000 }, (_, index) => 100_000 + index);
    const half = ids.length / 2;
    const inRange: Document = { _id: { $gte: 100_000 }, userId: 'load' };
    for (let at = 0; at < ids.length; at += 500) {
      if (at === half) {
        await vi.waitFor(
          async () => assert.isAbove(await sink.db.collection('logs').countDocuments(inRange), 1_000),
          {
            timeout: 20_000,
            interval: 20,
          },
        );
        await sink.mongo.kill();
      }
      await sink.send(
        topics.KAFKA_ENRICHED_TOPIC,
        ids.slice(at, at + 500).map((id) => log(id, { userId: 'load' })),
      );
    }
    await sink.mongo.restart();
    await sink.stored({ ...inRange, _id: { $gte: 100_000, $lt: 2 ** 50 } }, ids.length, 60_000);
    await sink.ready(60_000);
    expect(await sink.deadLetters()).toBe(before);
  }, 180_000);
});

describe('the watch', () => {
  async function metric(pattern: RegExp): Promise<number> {
    const metrics = await (await fetch(`${sink.monitoring}/metrics`)).text();
    return Number(pattern.exec(metrics)?.[1] ?? NaN);
  }

  async function expectShown(pattern: RegExp, wanted: (value: number) => boolean): Promise<void> {
    // A sink that joins its group again may have to wait for the end of a session, 45 s, and all that is
    // shown waits for it.
    await vi.waitFor(async () => expect(await metric(pattern)).toSatisfy(wanted), {
      timeout: 90_000,
      interval: 100,
    });
  }

  test('shows topics, lags and disks', async () => {
    await sink.send(topics.KAFKA_TOPIC, ['1', '2', '3']);
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [log(9)]);
    await expectShown(
      /^activity_pipeline_topic_offsets_total\{.*role="raw".*\} (\d+)$/m,
      (offsets) => offsets === 3,
    );
    await expectShown(
      /^activity_pipeline_processor_lag\{partition="\d".*\} ([1-9]\d*)$/m,
      (lag) => lag === 3,
    );
    const sunk = /^activity_pipeline_sink_offsets_total\{connector="sink-test-logs-sink".*\} (\d+)$/m;
    await expectShown(sunk, (offsets) => offsets > 0);
    for (const part of ['kafka', 'mongodb']) {
      const free = await metric(
        new RegExp(`^activity_pipeline_disk_free_bytes\\{part="${part}".*\\} (\\d+)$`, 'm'),
      );
      const size = await metric(
        new RegExp(`^activity_pipeline_disk_size_bytes\\{part="${part}".*\\} (\\d+)$`, 'm'),
      );
      expect(free).toBeGreaterThan(0);
      expect(size).toBeGreaterThan(free);
    }
  });

  test('shows how long a transaction has been open, until it ends', async () => {
    const age = /^activity_pipeline_open_transaction_seconds\{topic="sink-users".*\} ([\d.]+)$/m;
    await expectShown(age, (seconds) => seconds === 0);
    const hanging = sink.kafka.producer({
      transactionalId: 'hangs',
      idempotent: true,
      maxInFlightRequests: 1,
      transactionTimeout: 60_000,
    });
    await hanging.connect();
    const open = await hanging.transaction();
    await open.send({ topic: topics.KAFKA_USERS_TOPIC, messages: [{ key: 'u', value: 'x' }] });
    await expectShown(age, (seconds) => seconds > 1);
    await open.abort();
    await expectShown(age, (seconds) => seconds === 0);
    await hanging.disconnect();
  }, 240_000);

  test('shows a log that the ledger has and MongoDB does not', async () => {
    const missing = /^activity_pipeline_ledger_difference\{what="missing".*\} (\d+)$/m;
    const none = { duplicate: 0, deadLettered: 0, command: 0, late: 0, deleted: 0, erased: 0 };
    await expectShown(missing, (records) => records === 0);
    await sink.db.collection<{ _id: string }>('ledger').insertOne({
      _id: '0|all',
      partition: 0,
      firstOffset: 10_000_000,
      lastOffset: 10_000_001,
      enriched: 2,
      ...none,
    } as { _id: string });
    await expectShown(missing, (records) => records === 2);
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [log(10_000_000 * 1_024), log(10_000_001 * 1_024)]);
    await expectShown(missing, (records) => records === 0);
    expect(await metric(/^activity_pipeline_ledger_difference\{what="surplus".*\} (\d+)$/m)).toBe(0);
    // Of now: an old marker would expire.
    const deletedAt = new Date().toISOString();
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [{ _id: 10_000_000 * 1_024, deletedAt, by: 1 }]);
    await expectShown(missing, (records) => records === 1);
    await sink.db.collection<{ _id: string }>('ledger').updateOne({ _id: '0|all' }, { $set: { deleted: 1 } });
    await expectShown(missing, (records) => records === 0);
  }, 240_000);
});

describe('the eraser', () => {
  function erasure(id: number, userId: string): Document {
    return { _id: id, userId, requestedAt: iso, processedAt: new Date().toISOString() };
  }

  async function erased(id: number): Promise<Document | null> {
    return sink.db
      .collection<{ _id: number }>('erasures')
      .findOne({ _id: id, erasedAt: { $exists: true } } as Document);
  }

  let before: { partition: number; offset: string }[];

  test('waits for the sink, removes what is before the command, and records how many', async () => {
    const user = 'goner';
    const count = { userId: user, size: 'day', windowStart: iso, windowEnd: iso, byType: {}, total: 1 };
    const command = erasure(50_005, user);
    before = await sink.admin.fetchTopicOffsets(topics.KAFKA_ENRICHED_TOPIC);
    await sink.send(topics.KAFKA_ERASURES_TOPIC, [command]);
    await sink.send(
      topics.KAFKA_ENRICHED_TOPIC,
      [50_001, 50_002, 50_003, 50_009].map((id) => log(id, { userId: user })),
    );
    await sink.send(topics.KAFKA_COUNTS_TOPIC, [
      { ...count, _id: 'goner|day|old', lastId: 50_003 },
      { ...count, _id: 'goner|day|new', lastId: 50_009 },
    ]);
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [{ _id: 50_002, deletedAt: iso, by: 50_004 }]);
    await sink.stored({ userId: user }, 3);
    expect(await erased(50_005)).toBeNull();
    const deletedAt = command['processedAt'] as string;
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [{ _id: -50_006, deletedAt, by: 50_005 }]);
    await sink.send(topics.KAFKA_COUNTS_TOPIC, [{ _id: 'goner|erased|50005', deletedAt, by: 50_005 }]);
    await vi.waitFor(async () => expect(await erased(50_005)).not.toBeNull(), {
      timeout: 20_000,
      interval: 100,
    });
    expect(await erased(50_005)).toMatchObject({
      userId: user,
      logs: 2,
      requestedAt: time,
      erasedAt: expect.any(Date) as Date,
    });
    const left = await sink.db.collection('logs').find({ userId: user }).toArray();
    expect(left.map(({ eventId }) => eventId as string)).toEqual(['e50009']);
    expect(await sink.db.collection('counts').countDocuments({ userId: user })).toBe(1);
  }, 60_000);

  test('notes which of the erased logs a command has deleted as well', async () => {
    const erasedLogs = (): Promise<Document[]> =>
      sink.db.collection('erasedLogs').find({ erasure: 50_005 }).sort({ _id: 1 }).toArray();
    expect(await erasedLogs()).toEqual([
      { _id: Long.fromNumber(50_001), erasure: 50_005 },
      { _id: Long.fromNumber(50_003), erasure: 50_005 },
    ]);
    const deletedAt = new Date().toISOString();
    await sink.send(topics.KAFKA_ENRICHED_TOPIC, [{ _id: 50_003, deletedAt, by: 50_010 }]);
    await vi.waitFor(
      async () =>
        expect(await erasedLogs()).toEqual([
          { _id: Long.fromNumber(50_001), erasure: 50_005 },
          { _id: Long.fromNumber(50_003), erasure: 50_005, deleted: true },
        ]),
      { timeout: 45_000, interval: 200 },
    );
  }, 60_000);

  test('removes again what a reset of the sink’s offsets brings back, and counts it once', async () => {
    const group = 'connect-sink-test-logs-sink';
    const url = `${sink.connect.address}/connectors/sink-test-logs-sink`;
    await fetch(`${url}/stop`, { method: 'PUT' });
    await vi.waitFor(
      async () =>
        sink.admin.setOffsets({ groupId: group, topic: topics.KAFKA_ENRICHED_TOPIC, partitions: before }),
      { timeout: 30_000, interval: 500 },
    );
    await sink.db.collection('logs').deleteMany({ userId: 'goner' });
    await fetch(`${url}/resume`, { method: 'PUT' });
    await sink.stored({ _id: Long.fromNumber(50_009) }, 1, 60_000);
    await vi.waitFor(
      async () => expect(await sink.db.collection('logs').countDocuments({ userId: 'goner' })).toBe(1),
      { timeout: 60_000, interval: 200 },
    );
    expect(await erased(50_005)).toMatchObject({ logs: 2 });
  }, 180_000);
});

describe('the supervisor', () => {
  test('ends with 0 when asked', async () => {
    sink.supervisor.kill('SIGTERM');
    expect((await once(sink.supervisor, 'exit'))[0]).toBe(0);
  });
});
