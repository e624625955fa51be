// A member whose coordinator moves, and rebalances that meet each other.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RejoinError, RetriableError } from '../errors.ts';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { Cluster } from './cluster.ts';
import { WireGroupMember } from './group-member.ts';
import type { GroupHandler } from './port.ts';

let fake: FakeCluster;
let member: WireGroupMember;
const log: string[] = [];
const joined = { generationId: 1, leader: 'other', memberId: 'm', members: [] };

beforeEach(() => {
  fake = new FakeCluster();
  log.length = 0;
  fake.answers['joinGroup'] = () => joined;
  fake.answers['syncGroup'] = () => ({ assignment: Buffer.alloc(0) });
  fake.answers['heartbeat'] = () => ({});
  fake.answers['leaveGroup'] = () => ({});
});

afterEach(async () => {
  await member.close();
  fake.restore();
});

function start(handler: Partial<GroupHandler> = {}): void {
  const options = { brokers: ['kafka:1'], clientId: 'test', requestTimeoutMs: 1000, security: {} };
  member = new WireGroupMember(new Cluster(options), {
    groupId: 'group',
    groupInstanceId: null,
    topics: ['t'],
    sessionTimeoutMs: 1000,
    rebalanceTimeoutMs: 1000,
    handler: {
      beforeJoin: async () => {
        log.push('beforeJoin');
        return Buffer.alloc(0);
      },
      assign: async () => new Map(),
      onAssigned: async () => {
        log.push('assigned');
        return false;
      },
      onLost: async () => {
        log.push('lost');
      },
      onFatal: (error) => log.push(error.message),
      ...handler,
    },
  });
  member.start();
}

async function expectUntil(done: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!done()) {
    if (performance.now() > end)
      throw new Error(`not in time: ${log.join(', ')} ${JSON.stringify(fake.asked)}`);
    await sleep(5);
  }
}

function refusal(name: string): object {
  return { cause: { apiId: name } };
}

describe('the coordinator', () => {
  test.each(['joinGroup', 'syncGroup', 'heartbeat'])(
    'is found again when it is gone at %s',
    async (request) => {
      const answer = fake.answers[request];
      fake.answers[request] = (port, args) => {
        if (port === 1) fake.coordinator = 2;
        if (port === 1) throw new RetriableError('CONNECTION_LOST', `${request}: ECONNRESET`);
        return answer?.(port, args);
      };
      start();
      await expectUntil(() => fake.portsOf(request).includes(2));
      expect(log).not.toContain('lost');
    },
  );

  test.each(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'])(
    'is found again when it says %s',
    async (name) => {
      fake.answers['joinGroup'] = (port) => {
        if (port === 2) return joined;
        fake.coordinator = 2;
        throw new RetriableError('BROKER_REFUSED', `joining: ${name}`, refusal(name));
      };
      start();
      await expectUntil(() => fake.portsOf('heartbeat').includes(2));
    },
  );
});

describe('a rebalance', () => {
  test('that begins while a member synchronises takes nothing from it', async () => {
    let refused = 0;
    fake.answers['syncGroup'] = () => {
      const name = 'REBALANCE_IN_PROGRESS';
      if (refused++ < 2) throw new RejoinError('GENERATION_STALE', name, refusal(name));
      return { assignment: Buffer.alloc(0) };
    };
    start();
    await expectUntil(() => log.includes('assigned'));
    expect(log).toEqual(['beforeJoin', 'beforeJoin', 'beforeJoin', 'assigned']);
  });

  test('in a generation that is over takes everything from it', async () => {
    let refused = 0;
    fake.answers['syncGroup'] = () => {
      const name = 'ILLEGAL_GENERATION';
      if (refused++ === 0) throw new RejoinError('GENERATION_STALE', name, refusal(name));
      return { assignment: Buffer.alloc(0) };
    };
    start();
    await expectUntil(() => log.includes('assigned'));
    expect(log).toEqual(['beforeJoin', 'lost', 'beforeJoin', 'assigned']);
  });

  test('finds an owner busy: the member heartbeats meanwhile', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    start({ onAssigned: () => promise });
    await expectUntil(() => fake.portsOf('heartbeat').length > 2);
    resolve(false);
  });

  test('that took its place while its owner was busy is reported when the owner is done', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    start({ onAssigned: () => promise });
    await expectUntil(() => fake.portsOf('heartbeat').length > 0);
    const name = 'UNKNOWN_MEMBER_ID';
    fake.answers['heartbeat'] = () => {
      throw new RejoinError('GENERATION_STALE', name, refusal(name));
    };
    await sleep(400);
    resolve(false);
    await expectUntil(() => log.includes('lost'));
    fake.answers['heartbeat'] = () => ({});
  });
});
