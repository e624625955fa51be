// The request that every instance of an application shut down, over the data of the group's members.
import { RetriableError, type GroupHandler } from '@activity/kafka';
import { describe, expect, test } from 'vitest';
import { requestShutdown } from './application-shutdown.ts';
import { readAssignment, readJoinData, writeJoinData } from './assignor.ts';
import { planGroup } from './group-plan.ts';

const shape = { fingerprint: 'f', inputs: [['in']] };
const kafka = { describeTopics: async () => new Map([['in', { name: 'in', id: 'i', partitions: 2 }]]) };
const none = Buffer.alloc(0);
const running = writeJoinData({ instanceId: 'a', owned: ['0_0', '0_1'], stored: [], topology: shape });

describe('a request to shut down', () => {
  test('is passed on to every member, whoever leads', async () => {
    const asking = writeJoinData({ instanceId: '', owned: [], stored: [], shutdown: true });
    const members = [
      { memberId: 'm', userData: running },
      { memberId: 'n', userData: asking },
    ];
    const plan = await planGroup(members, {
      kafka,
      shape,
      prefix: 'app',
      listTopics: async () => [],
      log: () => {},
    });
    expect([...plan.values()]).toMatchObject([
      { tasks: [], shutdown: true },
      { tasks: [], shutdown: true },
    ]);
    const without = await planGroup(members.slice(0, 1), {
      kafka,
      shape,
      prefix: 'app',
      listTopics: async () => [],
      log: () => {},
    });
    expect(without.get('m')?.shutdown).toBeUndefined();
  });

  test('is made until nobody else is there', async () => {
    let closed = 0;
    let handler: GroupHandler | undefined;
    const createMember = (options: { handler: GroupHandler }) => {
      handler = options.handler;
      return {
        start: () => {},
        identity: () => ({ groupId: 'app', generationId: 1, memberId: 'n', groupInstanceId: null }),
        rejoin: () => {},
        close: async () => {
          closed++;
        },
      };
    };
    const asked = requestShutdown({
      kafka: { createMember },
      applicationId: 'app',
      sessionTimeoutMs: 1_000,
      rebalanceTimeoutMs: 10_000,
    });
    if (!handler) throw new Error('no member was made');
    const userData = await handler.beforeJoin();
    expect(readJoinData(userData)).toMatchObject({ shutdown: true, passedOn: false });
    const own = { memberId: 'n', userData };
    const given = await handler.assign([own, { memberId: 'm', userData: running }], 'n');
    expect(readAssignment(given.get('m') ?? none)).toMatchObject({ tasks: [], shutdown: true });
    await handler.onAssigned(given.get('n') ?? none);
    expect(closed).toBe(0);
    // Another instance has failed too, and asks the same: they must not wait for each other.
    const again = { memberId: 'n', userData: await handler.beforeJoin() };
    expect(readJoinData(again.userData)).toMatchObject({ shutdown: true, passedOn: true });
    const alone = await handler.assign([again, { memberId: 'o', userData }], 'n');
    await handler.onAssigned(alone.get('n') ?? none);
    await asked;
    expect(closed).toBe(1);
  });

  test('is not for those that are started after it', async () => {
    const asking = { instanceId: '', owned: [], stored: [], shutdown: true };
    const newcomer = writeJoinData({ instanceId: 'b', owned: [], stored: ['0_0'], topology: shape });
    const plan = async (passedOn: boolean, ...others: Buffer[]) => {
      const members = [writeJoinData({ ...asking, passedOn }), ...others].map((userData, index) => ({
        memberId: `${index}`,
        userData,
      }));
      const planned = await planGroup(members, {
        kafka,
        shape,
        prefix: 'app',
        listTopics: async () => [],
        log: () => {},
      });
      return [...planned.values()].map(({ shutdown, pending }) => (shutdown ? 'end' : pending));
    };
    expect(await plan(false, running, newcomer)).toEqual(['end', 'end', 'end']);
    expect(await plan(true, running, newcomer)).toEqual(['end', 'end', 1]);
    // The request is over: who made it leaves, and the tasks are assigned again.
    expect(await plan(true, newcomer)).toEqual([1, 1]);
  });

  test('ends with an error where the others do not leave', async () => {
    const createMember = () => ({
      start: () => {},
      identity: () => ({ groupId: 'app', generationId: 1, memberId: 'n', groupInstanceId: null }),
      rejoin: () => {},
      close: async () => {},
    });
    const request = { kafka: { createMember }, applicationId: 'app', sessionTimeoutMs: 5 };
    const asked = requestShutdown({ ...request, rebalanceTimeoutMs: 5 });
    await expect(asked).rejects.toBeInstanceOf(RetriableError);
  });
});
