// Membership on a real broker: rebalances that the owner can wait for, and generations that end what is old.
import { servers } from '@activity/testbed/testing';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FatalError, RejoinError } from '../errors.ts';
import { anyoneIn, commitOf, readPartition, valuesOf } from '../testing/commits.ts';
import { connectWitness, uniqueName, type Witness } from '../testing/witness.ts';
import type { GroupMember, GroupOptions, KafkaPort } from './port.ts';
import { createKafka } from './wire-port.ts';

let kafka: KafkaPort;
let witness: Witness;
let groupId = '';
const members: TestMember[] = [];

beforeAll(async () => {
  kafka = createKafka({ brokers: [servers().kafka], clientId: 'group-member' });
  witness = await connectWitness(servers().kafka);
});

afterAll(async () => {
  await kafka.close();
  await witness[Symbol.asyncDispose]();
});

beforeEach(() => {
  groupId = uniqueName('group');
});

afterEach(async () => {
  await Promise.all(members.splice(0).map(({ member }) => member.close()));
});

interface TestMember {
  member: GroupMember;
  /** What happened to it, in order. */
  log: string[];
  fatal: Error[];
  assigned: string[];
  beforeJoin: () => Promise<void>;
  /** What it joins with. */
  name: string;
  again: () => boolean;
}

/** A member that owns a name, and as leader gives every member the names of all. */
function join(name: string, options: Partial<GroupOptions> = {}): TestMember {
  const mine: TestMember = {
    log: [],
    fatal: [],
    assigned: [],
    beforeJoin: async () => {},
    name,
    again: () => false,
    member: kafka.createMember({
      groupId,
      groupInstanceId: null,
      topics: ['some-topic'],
      sessionTimeoutMs: 6000,
      rebalanceTimeoutMs: 30_000,
      ...options,
      handler: {
        async beforeJoin() {
          mine.log.push('beforeJoin');
          await mine.beforeJoin();
          mine.log.push('ready');
          return Buffer.from(mine.name);
        },
        async assign(all) {
          mine.log.push('assign');
          const names = all.map(({ userData }) => userData.toString()).toSorted();
          return new Map(all.map(({ memberId }) => [memberId, Buffer.from(names.join(','))]));
        },
        async onAssigned(assignment) {
          mine.assigned = assignment.toString().split(',');
          mine.log.push('assigned');
          return mine.again();
        },
        async onLost() {
          mine.log.push('lost');
        },
        onFatal: (error) => mine.fatal.push(error),
      },
    }),
  };
  members.push(mine);
  mine.member.start();
  return mine;
}

async function until(check: () => void, timeout = 40_000): Promise<void> {
  await vi.waitFor(check, { timeout, interval: 20 });
}

async function untilAssigned(names: string[], ...all: TestMember[]): Promise<void> {
  await until(() => {
    for (const one of all) expect(one.assigned).toEqual(names);
  });
}

describe('a group', () => {
  test('of one: it leads itself', async () => {
    const a = join('a');
    await untilAssigned(['a'], a);
    const identity = a.member.identity();
    expect(identity).toMatchObject({ groupId, generationId: 1, groupInstanceId: null });
    expect(identity.memberId).not.toBe('');
    expect(a.log).toEqual(['beforeJoin', 'ready', 'assign', 'assigned']);
  });

  test('of three: all have the same generation, and the leader saw what each brought', async () => {
    const all = ['a', 'b', 'c'].map((name) => join(name));
    await untilAssigned(['a', 'b', 'c'], ...all);
    const generations = new Set(all.map(({ member }) => member.identity().generationId));
    expect(generations.size).toBe(1);
  });

  test('is told at once that a member left', async () => {
    const [a, b] = [join('a'), join('b')];
    await untilAssigned(['a', 'b'], a, b);
    await b.member.close();
    await b.member.close();
    await until(() => expect(a.assigned).toEqual(['a']));
  });

  test('joins again when a member that brings something new asks for it', async () => {
    const [a, b] = [join('a'), join('b')];
    await untilAssigned(['a', 'b'], a, b);
    for (const [one, name] of [
      [a, 'a2'],
      [b, 'b2'],
    ] as const) {
      one.name = name;
      one.member.rejoin();
      await until(() => expect(a.assigned).toContain(name));
      await until(() => expect(b.assigned).toContain(name));
    }
    expect([a.fatal, b.fatal]).toEqual([[], []]);
  });

  test('joins again when a member answers that it gave something up', async () => {
    const a = join('a');
    let times = 2;
    a.again = () => times-- > 0;
    await until(() => expect(times).toBe(-1));
    expect(a.log.filter((event) => event === 'assigned')).toHaveLength(3);
  });
});

describe('15: before partitions are given away', () => {
  test('their owner finishes, and can still commit', async () => {
    const topic = await witness.createTopic(uniqueName('handover'), 1);
    const writer = kafka.createWriter({ transactionalId: uniqueName('tx'), transactionTimeoutMs: 20_000 });
    await writer.open();
    const a = join('a');
    await untilAssigned(['a'], a);
    let order: string[] = [];
    a.beforeJoin = async () => {
      for (let i = 0; i < 5; i++) {
        const offset = { topic, partition: 0, offset: i + 1 };
        await writer.commit(commitOf(a.member.identity(), [[topic, 0, 'k', `${i}`]], [offset]));
      }
      order.push('a finished');
    };
    const b = join('b');
    await until(() => expect(b.assigned).toEqual(['a', 'b']));
    order.push('b began');
    expect(order).toEqual(['a finished', 'b began']);
    expect(await kafka.committedOffsets(groupId, [{ topic, partition: 0 }])).toMatchObject([{ offset: 5 }]);
    order = [];
    await writer.close();
  });
});

describe('9: a member of an old generation', () => {
  async function replaced(): Promise<{ old: ReturnType<GroupMember['identity']>; topic: string }> {
    const topic = await witness.createTopic(uniqueName('stale'), 1);
    const a = join('a');
    await untilAssigned(['a'], a);
    const old = a.member.identity();
    const b = join('b');
    await untilAssigned(['a', 'b'], a, b);
    expect(a.member.identity().generationId).toBeGreaterThan(old.generationId);
    return { old, topic };
  }

  test('commits by kafkajs, which sends no generation', async () => {
    const { topic } = await replaced();
    const producer = await witness.producer(uniqueName('tx'));
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: 'of a zombie', partition: 0 }] });
    const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }];
    await transaction.sendOffsets({ consumerGroupId: groupId, topics });
    await transaction.commit();
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(['of a zombie']);
  });

  test('commits neither offsets nor records by the adapter', async () => {
    const { old, topic } = await replaced();
    const transactionalId = uniqueName('tx');
    const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs: 20_000 });
    await writer.open();
    const zombie = writer.commit(
      commitOf(old, [[topic, 0, 'k', 'of a zombie']], [{ topic, partition: 0, offset: 1 }]),
    );
    await expect(zombie).rejects.toThrowError(RejoinError);
    await expect(zombie).rejects.toMatchObject({ code: 'GENERATION_STALE' });
    await writer.close();
    const successor = kafka.createWriter({ transactionalId, transactionTimeoutMs: 20_000 });
    await successor.open();
    expect(await kafka.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([]);
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual([]);
    await successor.close();
  });

  test('commits no offsets without transactions either', async () => {
    const { old, topic } = await replaced();
    const writer = kafka.createWriter({ transactionalId: null, transactionTimeoutMs: 20_000 });
    await writer.open();
    const commit = writer.commit(commitOf(old, [], [{ topic, partition: 0, offset: 1 }]));
    await expect(commit).rejects.toThrowError(RejoinError);
    expect(await kafka.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([]);
    await writer.close();
  });

  test('nor does anyone who is no member, while the group has some', async () => {
    const { topic } = await replaced();
    const writer = kafka.createWriter({ transactionalId: uniqueName('tx'), transactionTimeoutMs: 20_000 });
    await writer.open();
    const stranger = { ...anyoneIn(groupId), generationId: 1, memberId: 'a stranger' };
    const commit = writer.commit(commitOf(stranger, [], [{ topic, partition: 0, offset: 1 }]));
    await expect(commit).rejects.toMatchObject({ code: 'GENERATION_STALE' });
    await writer.close();
  });

  // The broker would take it: it asks for no generation in a transaction.
  test.each([null, uniqueName('tx')])(
    'nor does a writer (%s) without a generation',
    async (transactionalId) => {
      const { topic } = await replaced();
      const writer = kafka.createWriter({ transactionalId, transactionTimeoutMs: 20_000 });
      await writer.open();
      const lost = { groupId, generationId: -1, memberId: '', groupInstanceId: null };
      const commit = writer.commit(
        commitOf(lost, [[topic, 0, 'k', 'v']], [{ topic, partition: 0, offset: 1 }]),
      );
      await expect(commit).rejects.toThrowError(RejoinError);
      expect(await kafka.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([]);
      expect((await readPartition(kafka, topic, 0)).records).toEqual([]);
      await writer.close();
    },
  );
});

describe('static members', () => {
  test('come back without a rebalance of the others', async () => {
    const [a, b] = [join('a', { groupInstanceId: 'i-a' }), join('b', { groupInstanceId: 'i-b' })];
    await untilAssigned(['a', 'b'], a, b);
    await until(() => expect(a.member.identity().generationId).toBe(b.member.identity().generationId));
    const leads =
      a.log.filter((event) => event === 'assign').length >=
      b.log.filter((event) => event === 'assign').length;
    const [leader, other, name] = leads ? [a, b, 'b'] : [b, a, 'a'];
    const before = leader.log.length;
    await other.member.close({ leave: false });
    const back = join(name, { groupInstanceId: `i-${name}` });
    await untilAssigned(['a', 'b'], back);
    expect(leader.log.slice(before)).toEqual([]);
    expect(back.member.identity().generationId).toBe(leader.member.identity().generationId);
  });

  test('of one name are told apart: the older one stops and says why', async () => {
    const first = join('a', { groupInstanceId: 'twice' });
    await untilAssigned(['a'], first);
    const second = join('a', { groupInstanceId: 'twice' });
    await untilAssigned(['a'], second);
    await until(() => expect(first.fatal).toHaveLength(1));
    expect(first.fatal[0]).toBeInstanceOf(FatalError);
    expect(first.fatal[0]?.message).toBe('another process uses instance id twice; give each its own');
    expect(second.fatal).toEqual([]);
  });
});

describe('what can never work is told', () => {
  test('a session timeout that the broker does not take', async () => {
    const a = join('a', { sessionTimeoutMs: 1 });
    await until(() => expect(a.fatal).toHaveLength(1));
    expect(a.fatal[0]?.message).toContain('INVALID_SESSION_TIMEOUT');
  });

  test('a group that another kind of consumer uses', async () => {
    const other = new Kafka({ clientId: 'other', brokers: [servers().kafka], logLevel: logLevel.NOTHING });
    const topic = await witness.createTopic(uniqueName('shared'), 1);
    const consumer = other.consumer({ groupId });
    await consumer.connect();
    await consumer.subscribe({ topic });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({ eachMessage: async () => {} });
    await joined;
    const a = join('a');
    await until(() => expect(a.fatal).toHaveLength(1));
    expect(a.fatal[0]?.message).toContain('INCONSISTENT_GROUP_PROTOCOL');
    await consumer.disconnect();
  });
});
