// What each service says when one of its rights is taken away, and that it works again when it has it back.
import { kafkaRights, type KafkaPrincipal, type KafkaRight } from '@activity/contracts';
import { Admin } from '@platformatic/kafka';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readRightsOptions } from '@activity/local/config';
import { connectGroup } from '@activity/testbed/servers/connect';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { loopback } from '@activity/testbed/process/ports';
import { applyAcls } from '@activity/local/secure/acls';
import { mongoAccess } from '@activity/local/secure/mongo';
import { postAll, samplePosts } from './testing/activity.ts';
import { reachOf } from './testing/reach.ts';
import { startSecureStack, type SecureStack } from './testing/secure-stack.ts';

const rights = kafkaRights({ ...readRightsOptions(), connectGroup });
let stack: SecureStack;
let admin: Admin;
let mongo: MongoClient;
let posts = 0;

beforeAll(async () => {
  stack = await startSecureStack();
  const { ports, security } = stack;
  const bootstrapBrokers = [`${loopback}:${ports.kafka}`];
  admin = new Admin({ clientId: 'rights', bootstrapBrokers, ...security.kafka });
  mongo = new MongoClient(mongoUrl(ports.mongodb, mongoAccess(security, 'admin')));
  await expectWell();
}, 300_000);

afterAll(async () => {
  await Promise.allSettled([admin.close(), mongo.close()]);
  await stack.stop();
});

/** Posts events; those of a call that failed are sent again by the next. */
async function post(): Promise<void> {
  const { edge, headers } = reachOf(stack.pipeline);
  await postAll(edge, samplePosts(`rights-${posts}`, 37), headers);
  posts++;
}

/** Everything that was posted is stored, and all parts are well. */
async function expectWell(): Promise<void> {
  await vi.waitFor(async () => post(), { timeout: 30_000, interval: 500 });
  await vi.waitFor(
    async () => {
      const { query, headers } = reachOf(stack.pipeline);
      const answer = await fetch(`${query}/api/logs?limit=1`, { headers });
      expect(await answer.json()).toMatchObject({ pagination: { total: posts * 37 } });
      for (const { name, trouble } of stack.pipeline.parts)
        expect([name, trouble]).toEqual([name, undefined]);
    },
    { timeout: 180_000, interval: 500 },
  );
}

/** Waits for words in what a part logs from here on, while `meanwhile` is done. */
async function expectSaid(
  part: string,
  words: string | RegExp,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const before = stack.log(part).length;
  await meanwhile();
  await vi.waitFor(() => expect(stack.log(part).slice(before)).toMatch(words), {
    timeout: 60_000,
    interval: 200,
  });
}

function without(principal: KafkaPrincipal, name: string): Record<KafkaPrincipal, readonly KafkaRight[]> {
  const left = rights[principal].filter((right) => right.name !== name);
  expect(left).toHaveLength(rights[principal].length - 1);
  return { ...rights, [principal]: left };
}

test.each<[string, KafkaPrincipal, string, string, string]>([
  [
    'ingest',
    'ingest',
    'user-activity-logs',
    'ingest',
    'grant the principal Write on topic user-activity-logs',
  ],
  [
    'the processor, its input',
    'processor',
    'user-activity-logs',
    'processor',
    'grant the principal Read on topic user-activity-logs',
  ],
  [
    'the processor, an output',
    'processor',
    'user-activity-enriched',
    'processor',
    'grant the principal Write on topic user-activity-enriched',
  ],
  ['the eraser', 'connect', 'user-activity-erasures', 'connect', 'on topic user-activity-erasures'],
  [
    'the supervisor’s watch',
    'connect',
    'kafka-cluster',
    'connect',
    'grant the principal Describe on the cluster',
  ],
  [
    'the sink',
    'connect-worker',
    'connect-activity-',
    'connect',
    'grant the worker’s principal Read on group connect-activity-',
  ],
])(
  '%s',
  async (_what, principal, name, part, words) => {
    await expectWell();
    try {
      await expectSaid(part, words, async () => {
        await applyAcls(admin, without(principal, name));
        if (principal !== 'ingest') await post();
      });
    } finally {
      await applyAcls(admin, rights);
    }
    await expectWell();
  },
  240_000,
);

test('an edge without its right is not ready, and says why', async () => {
  await applyAcls(admin, { ...rights, ingest: [] });
  const health = `${reachOf(stack.pipeline).edge}/health`;
  await vi.waitFor(async () => {
    const answer = await fetch(health);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('grant the principal Write on topic user-activity-logs');
  });
  await applyAcls(admin, rights);
  await expectWell();
}, 240_000);

test('a Connect worker without the right to its own topics ends, and its log names them', async () => {
  const words = 'Not authorized to access topics: [activity-connect-configs]';
  await expectSaid('kafka-connect', words, async () => {
    await applyAcls(admin, without('connect-worker', 'activity-connect-configs'));
    process.kill(stack.pid('kafka-connect'), 'SIGKILL');
  });
  await applyAcls(admin, rights);
  await expectWell();
}, 240_000);

test.each<[string, string, string | RegExp]>([
  // A page and its total are read at the same time.
  [
    'query',
    'query',
    /MongoDB refuses (?:find|count) on activity\.logs: grant the user the action find on it/,
  ],
  ['sink', 'connect', 'grant the sink’s user in MongoDB'],
])(
  'MongoDB, the %s',
  async (account, part, words) => {
    const roles = [`activity-${account}`];
    try {
      await expectSaid(part, words, async () => {
        await mongo.db('admin').command({ revokeRolesFromUser: account, roles });
        await post();
        const { query, headers } = reachOf(stack.pipeline);
        await fetch(`${query}/api/logs`, { headers });
      });
    } finally {
      await mongo.db('admin').command({ grantRolesToUser: account, roles });
    }
    await expectWell();
  },
  240_000,
);
