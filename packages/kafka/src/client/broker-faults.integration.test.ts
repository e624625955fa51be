// A broker that dies, falls silent or loses answers: every call ends within its bound, and nothing is taken
// for committed that is not, nor for lost that is not.
import { freePort, startBroker, type LocalServer } from '@activity/testbed';
import { everyCase } from '@activity/testbed/testing/slice';
import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RetriableError } from '../errors.ts';
import { anyoneIn, commitOf, memberOf, readPartition, valuesOf } from '../testing/commits.ts';
import { apiKeys, startFaultProxy, type FaultProxy } from '../testing/fault-proxy.ts';
import { connectWitness, uniqueName, type Witness } from '../testing/witness.ts';
import type { EpochStart } from '../format/read-batches.ts';
import type { CommitWriter, FetchedPartition, KafkaPort } from './port.ts';
import { createKafka } from './wire-port.ts';

let proxy: FaultProxy;
let broker: LocalServer;
let kafka: KafkaPort;
let witness: Witness;

const requestTimeoutMs = 1500;
/** A call may be tried again for 5 s, and its last attempt waits for its answer. */
const boundMs = 30_000;

beforeAll(async () => {
  proxy = await startFaultProxy();
  const port = await freePort();
  proxy.target = { host: '127.0.0.1', port };
  broker = await startBroker({
    port,
    config: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` },
  });
  kafka = createKafka({ brokers: [`127.0.0.1:${proxy.port}`], clientId: 'broker-faults', requestTimeoutMs });
  witness = await connectWitness(`127.0.0.1:${proxy.port}`);
  await (await openWriter(uniqueName('tx'))).close();
});

afterAll(async () => {
  await kafka.close();
  await witness[Symbol.asyncDispose]();
  await broker.stop();
  await proxy[Symbol.asyncDispose]();
});

async function openWriter(transactionalId: string | null): Promise<CommitWriter> {
  const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs: 20_000 });
  await writer.open();
  return writer;
}

/** Where leader epochs begin. */
function epochsOf(fetches: readonly FetchedPartition[]): EpochStart[] {
  const all = fetches.flatMap(({ epochs }) => epochs ?? []);
  return all.filter(({ leaderEpoch }, i) => leaderEpoch !== all[i - 1]?.leaderEpoch);
}

async function failureOf(promise: Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const began = performance.now();
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - began };
}

describe('14: a commit whose answer is lost', () => {
  test('is told as unknown; a new writer and the stable offsets tell that it happened', async () => {
    const topic = await witness.createTopic(uniqueName('lost-answer'), 1);
    const group = await memberOf(kafka, uniqueName('group'));
    const transactionalId = uniqueName('tx');
    const writer = await openWriter(transactionalId);
    proxy.decide = (key) => (key === apiKeys.endTxn ? 'loseAnswer' : 'pass');
    const commit = commitOf(group, [[topic, 0, 'k', 'committed']], [{ topic, partition: 0, offset: 5 }]);
    const { error } = await failureOf(writer.commit(commit));
    proxy.decide = () => 'pass';
    expect(error).toBeInstanceOf(RetriableError);
    expect(error).toMatchObject({ code: 'COMMIT_OUTCOME_UNKNOWN' });
    await expect(writer.commit(commit)).rejects.toMatchObject({ code: 'COMMIT_OUTCOME_UNKNOWN' });
    await writer.close();
    await openWriter(transactionalId);
    expect(await kafka.committedOffsets(group.groupId, [{ topic, partition: 0 }])).toMatchObject([
      { offset: 5 },
    ]);
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(['committed']);
  });

  test('whose request was lost is told as unknown too; then they tell that it did not happen', async () => {
    const topic = await witness.createTopic(uniqueName('lost-request'), 1);
    const group = await memberOf(kafka, uniqueName('group'));
    const transactionalId = uniqueName('tx');
    const writer = await openWriter(transactionalId);
    proxy.decide = (key) => (key === apiKeys.endTxn ? 'loseRequest' : 'pass');
    const commit = commitOf(group, [[topic, 0, 'k', 'lost']], [{ topic, partition: 0, offset: 5 }]);
    const { error } = await failureOf(writer.commit(commit));
    proxy.decide = () => 'pass';
    expect(error).toMatchObject({ code: 'COMMIT_OUTCOME_UNKNOWN' });
    await writer.close();
    const successor = await openWriter(transactionalId);
    expect(await kafka.committedOffsets(group.groupId, [{ topic, partition: 0 }])).toEqual([]);
    await successor.commit(commitOf(group, [[topic, 0, 'k', 'next']]));
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(['next']);
  });
});

describe('a lost answer before the commit', () => {
  test.each([
    ['of a produce request', apiKeys.produce],
    ['of the offsets', apiKeys.txnOffsetCommit],
  ])('%s is a failure within its bound, and nothing is committed', async (_which, lost) => {
    const topic = await witness.createTopic(uniqueName('lost'), 1);
    const group = await memberOf(kafka, uniqueName('group'));
    const transactionalId = uniqueName('tx');
    const writer = await openWriter(transactionalId);
    proxy.decide = (key) => (key === lost ? 'loseAnswer' : 'pass');
    const commit = commitOf(group, [[topic, 0, 'k', 'uncommitted']], [{ topic, partition: 0, offset: 5 }]);
    const { error, ms } = await failureOf(writer.commit(commit));
    proxy.decide = () => 'pass';
    expect(error).toBeInstanceOf(RetriableError);
    expect(ms).toBeLessThan(boundMs);
    await writer.close();
    const successor = await openWriter(transactionalId);
    await successor.commit(commitOf(group, [[topic, 0, 'k', 'next']]));
    expect(await kafka.committedOffsets(group.groupId, [{ topic, partition: 0 }])).toEqual([]);
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(['next']);
  });

  test('of a fetch is a failure within its bound, and the next fetch brings the records', async () => {
    const topic = await witness.createTopic(uniqueName('lost-fetch'), 1);
    const writer = await openWriter(uniqueName('tx'));
    await writer.commit(commitOf(anyoneIn(uniqueName('group')), [[topic, 0, 'k', 'there']]));
    const fetcher = kafka.createFetcher();
    proxy.decide = (key) => (key === apiKeys.fetch ? 'loseAnswer' : 'pass');
    const { error, ms } = await failureOf(fetcher.fetch([{ topic, partition: 0, offset: 0 }], 100));
    proxy.decide = () => 'pass';
    expect(error).toBeInstanceOf(RetriableError);
    expect(ms).toBeLessThan(boundMs);
    const [fetched] = await fetcher.fetch([{ topic, partition: 0, offset: 0 }], 100);
    expect(valuesOf(fetched?.records ?? [])).toEqual(['there']);
    await fetcher.close();
  });
});

describe('a heartbeat whose request is lost', () => {
  test('costs no membership: it is sent again long before the session ends', async () => {
    const patient = createKafka({ brokers: [`127.0.0.1:${proxy.port}`], clientId: 'patient' });
    const events: string[] = [];
    const member = patient.createMember({
      groupId: uniqueName('group'),
      groupInstanceId: null,
      topics: [],
      sessionTimeoutMs: 6_000,
      rebalanceTimeoutMs: 6_000,
      handler: {
        beforeJoin: async () => Buffer.alloc(0),
        assign: async (all) => new Map(all.map(({ memberId }) => [memberId, Buffer.alloc(0)])),
        onAssigned: async () => {
          events.push('assigned');
          return false;
        },
        onLost: async () => {
          events.push('lost');
        },
        onFatal: (error) => events.push(error.message),
      },
    });
    member.start();
    await vi.waitFor(() => expect(events).toEqual(['assigned']), 20_000);
    let lost = 0;
    let passed = 0;
    proxy.decide = (key) => {
      if (key !== apiKeys.heartbeat) return 'pass';
      return lost++ === 0 ? 'loseRequest' : (passed++, 'pass');
    };
    await vi.waitFor(() => expect(passed).toBeGreaterThan(2), 20_000);
    proxy.decide = () => 'pass';
    expect(events).toEqual(['assigned']);
    await member.close();
    await patient.close();
  });
});

describe('8: a broker that is gone', () => {
  // A fact of the library, whose version is fixed.
  test.runIf(everyCase)('leaves the client alone waiting', async () => {
    const topic = await witness.createTopic(uniqueName('gone-n'), 1);
    const producer = new Producer({
      clientId: 'naive',
      bootstrapBrokers: [`127.0.0.1:${proxy.port}`],
      serializers: stringSerializers,
      acks: ProduceAcks.ALL,
      idempotent: true,
      timeout: requestTimeoutMs,
    });
    await producer.send({ messages: [{ topic, value: 'before' }] });
    await broker.kill();
    const waited = await Promise.race([
      producer.send({ messages: [{ topic, value: 'after' }] }).then(
        () => 'sent',
        () => 'failed',
      ),
      new Promise((resolve) => setTimeout(resolve, 5000, 'still waiting')),
    ]);
    await broker.restart();
    await producer.close(true).catch(() => {});
    expect(waited).toBe('still waiting');
  });

  test('makes every call fail within its bound, and is found again when it is back', async () => {
    const topic = await witness.createTopic(uniqueName('gone'), 1);
    const group = await memberOf(kafka, uniqueName('group'));
    const writers = [await openWriter(uniqueName('tx')), await openWriter(null)];
    for (const writer of writers) await writer.commit(commitOf(group, [[topic, 0, 'k', 'before']]));
    const fetcher = kafka.createFetcher();
    await fetcher.fetch([{ topic, partition: 0, offset: 0 }], 100);
    await broker.kill();
    const after = commitOf(group, [[topic, 0, 'k', 'after']], [{ topic, partition: 0, offset: 1 }]);
    const failures = await Promise.all([
      ...writers.map((writer) => failureOf(writer.commit(after))),
      failureOf(fetcher.fetch([{ topic, partition: 0, offset: 2 }], 100)),
    ]);
    for (const { error, ms } of failures) {
      expect(error).toBeInstanceOf(RetriableError);
      expect(ms).toBeLessThan(boundMs);
    }
    await broker.restart();
    await Promise.all(writers.map((writer) => writer.close()));
    const again = await openWriter(uniqueName('tx'));
    await again.commit(commitOf(group, [[topic, 0, 'k', 'back']]));
    const { records, fetches } = await readPartition(kafka, topic, 0);
    expect(valuesOf(records)).toEqual(['before', 'before', 'back']);
    // It leads with another epoch now. A position after records of the former one is refused where these are
    // not.
    const [former, now] = epochsOf(fetches);
    if (!former || !now) throw new Error(`one epoch alone: ${JSON.stringify(epochsOf(fetches))}`);
    const { leaderEpoch } = former;
    const fetchAt = (offset: number): Promise<unknown> =>
      fetcher.fetch([{ topic, partition: 0, offset, leaderEpoch }], 100);
    expect(await fetchAt(now.offset)).toMatchObject([{ epochs: [now], fetchOffset: now.offset }]);
    await expect(fetchAt(now.offset + 1)).rejects.toMatchObject({ code: 'LOG_TRUNCATED' });
    const position = { topic, partition: 0, offset: now.offset + 1 };
    const ends = async (epoch: number): Promise<unknown[]> => [
      ...(await kafka.endsOfEpochs([{ ...position, leaderEpoch: epoch }])).values(),
    ];
    expect(await ends(leaderEpoch)).toEqual([{ offset: now.offset, leaderEpoch }]);
    expect(await ends(now.leaderEpoch + 100)).toEqual([]);
    await fetcher.close();
  });

  test('or silent: every call fails within its bound', async () => {
    const topic = await witness.createTopic(uniqueName('silent'), 1);
    const group = await memberOf(kafka, uniqueName('group'));
    const writers = [await openWriter(uniqueName('tx')), await openWriter(null)];
    const fetcher = kafka.createFetcher();
    await fetcher.fetch([{ topic, partition: 0, offset: 0 }], 100);
    proxy.decide = () => 'loseRequest';
    const after = commitOf(group, [[topic, 0, 'k', 'after']], [{ topic, partition: 0, offset: 1 }]);
    const failures = await Promise.all([
      ...writers.map((writer) => failureOf(writer.commit(after))),
      failureOf(fetcher.fetch([{ topic, partition: 0, offset: 0 }], 100)),
    ]);
    proxy.decide = () => 'pass';
    for (const { error, ms } of failures) {
      expect(error).toBeInstanceOf(RetriableError);
      expect(ms).toBeLessThan(boundMs);
    }
    await fetcher.close();
  });
});
