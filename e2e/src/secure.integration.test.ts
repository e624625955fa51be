// The secure stack: what it lets in and what it does not, and what each service says that lacks a right.
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect as connectTls, rootCertificates } from 'node:tls';
import { join } from 'node:path';
import { openTopicReader } from '@activity/streams';
import { defaultTopics } from '@activity/contracts';
import type { KafkaSecurity } from '@activity/service';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { restAuthorization } from '@activity/testbed/servers/connect-rest';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import type { Ports } from '@activity/local/parts/services';
import { loopback } from '@activity/testbed/process/ports';
import { ask } from '@activity/testbed/process/probe';
import { run } from '@activity/testbed/process/run';
import { mongoAccess } from '@activity/local/secure/mongo';
import type { Security } from '@activity/local/secure/security';
import { postAll, samplePosts } from './testing/activity.ts';
import { listeningOf } from './testing/listening.ts';
import { reachOf, type Reach } from './testing/reach.ts';
import { startSecureStack, type SecureStack } from './testing/secure-stack.ts';

let ports: Ports;
let stack: SecureStack;
let security: Security;
let reach: Reach;

beforeAll(async () => {
  stack = await startSecureStack();
  ({ ports, security } = stack);
  reach = reachOf(stack.pipeline);
}, 300_000);

afterAll(() => stack.stop());

async function askKafka(access: KafkaSecurity, topic: string): Promise<number | undefined> {
  const brokers = [`${loopback}:${ports.kafka}`];
  const reader = openTopicReader({ brokers, clientId: 'stranger', security: access });
  try {
    return await reader.partitions(topic);
  } finally {
    await reader.close();
  }
}

async function askMongo(url: string): Promise<unknown> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 1_000 });
  try {
    return await client.db('activity').collection('logs').findOne();
  } finally {
    await client.close();
  }
}

test('events go through, from the edge to the query service', async () => {
  const posts = samplePosts('secure', 37);
  await postAll(reach.edge, posts, reach.headers);
  await vi.waitFor(
    async () => {
      const answer = await fetch(`${reach.query}/api/logs?limit=1`, { headers: reach.headers });
      expect(await answer.json()).toMatchObject({ pagination: { total: 37 } });
    },
    { timeout: 30_000, interval: 200 },
  );
});

/** A TLS connection that trusts this CA alone. @throws where the certificate is of another */
async function handshake(port: number, ca: string): Promise<boolean> {
  const socket = connectTls({ host: loopback, port, ca });
  try {
    await once(socket, 'secureConnect');
    return socket.authorized;
  } finally {
    socket.destroy();
  }
}

test.skipIf(process.platform !== 'linux')(
  'every port of every part is on loopback, and speaks TLS with the CA of the stack',
  async () => {
    const ca = readFileSync(security.certificates.ca, 'utf8');
    const [other = ''] = rootCertificates;
    const found = stack.pipeline.parts.map(({ name }) => ({ name, listening: listeningOf(stack.pid(name)) }));
    const number = Object.fromEntries(found.map(({ name, listening }) => [name, listening.length]));
    // The edge and the query service have a port for probes, the broker one for its controller.
    expect(number).toEqual({
      ingest: 2,
      query: 2,
      processor: 1,
      connect: 1,
      'kafka-connect': 1,
      kafka: 2,
      mongodb: 1,
    });
    for (const { name, listening } of found)
      for (const { port, loopback: local } of listening) {
        expect([name, port, local, await handshake(port, ca)]).toEqual([name, port, true, true]);
        await expect(handshake(port, other)).rejects.toThrowError('certificate');
      }
    // mongod says in plain HTTP that it speaks no HTTP.
    const others = found.filter(({ name }) => name !== 'mongodb').flatMap(({ listening }) => listening);
    for (const { port } of others)
      await expect(fetch(`http://${loopback}:${port}/livez`)).rejects.toThrowError('fetch failed');
  },
);

describe('the services', () => {
  type Service = Exclude<keyof Reach, 'headers'>;
  const probes = ['/livez', '/readyz', '/metrics'];
  const event = `eventId=secure-event-0&userId=secure-user-0`;
  const withData: [Service, string][] = [
    ['edge', '/api/logs'],
    ['query', '/api/logs'],
    ['query', '/api/pipeline'],
    ['processor', `/dedupe?${event}`],
    ['supervisor', '/stages'],
    ['supervisor', `/event?${event}`],
    ['supervisor', '/erasure?id=1'],
  ];

  test.each(withData)('%s %s needs a key', async (service, path) => {
    const url = `${reach[service]}${path}`;
    expect((await fetch(url)).status).toBe(401);
    const wrong = { authorization: `Bearer act_0123456789ab_${'x'.repeat(43)}` };
    expect((await fetch(url, { headers: wrong })).status).toBe(401);
    expect([200, 404]).toContain((await fetch(url, { headers: reach.headers })).status);
  });

  test('need a key to write and to erase', async () => {
    const init = { headers: { 'content-type': 'application/json' }, body: '{}', method: 'POST' };
    expect((await fetch(`${reach.edge}/api/logs`, init)).status).toBe(401);
    const user = `${reach.edge}/api/users/secure-user-0`;
    expect((await fetch(user, { method: 'DELETE' })).status).toBe(401);
  });

  test.each(['edge', 'query', 'processor', 'supervisor'] as const)(
    '%s shows probes and metrics to everyone',
    async (service) => {
      for (const path of probes) expect((await fetch(`${reach[service]}${path}`)).status).toBe(200);
    },
  );

  test('ask each other with a key: a trace comes from all of them', async () => {
    const url = `${reach.edge}/api/events/secure-event-0/trace?userId=secure-user-0`;
    const answer = await fetch(url, { headers: reach.headers });
    expect(await answer.json()).toMatchObject({ state: 'stored', unanswered: [] });
    const pipeline = await fetch(`${reach.query}/api/pipeline`, { headers: reach.headers });
    expect(await pipeline.json()).toMatchObject({ healthy: true });
  });

  test('show the page, and sign in to it with a cookie that only TLS carries', async () => {
    expect(await (await fetch(`${reach.edge}/`)).text()).toContain('<!doctype html>');
    const key = readFileSync(security.keys.operatorFile, 'utf8');
    const init = { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ key }) };
    const answer = await fetch(`${reach.edge}/api/session`, { method: 'POST', ...init });
    expect(answer.headers.get('set-cookie')).toContain('Secure');
  });

  test('take the operator’s key by `curl -K`', async () => {
    const curl = { file: 'curl', args: ['-sK', security.keys.curlFile, `${reach.query}/api/logs?limit=1`] };
    const { code, output } = await run(curl);
    expect([code, JSON.parse(output)]).toEqual([0, expect.objectContaining({ data: expect.anything() })]);
  });
});

describe('Kafka', () => {
  test('takes nobody without TLS, and nobody without a password', async () => {
    await expect(askKafka({}, defaultTopics.raw)).rejects.toThrowError('TLS');
    const nameless = { tls: security.kafka.tls ?? {} };
    const address = `${loopback}:${ports.kafka}`;
    expect(await ask({ kind: 'kafka', address, security: nameless })).toMatch(/closed|reset/);
  });

  test('shows a certificate of its own CA', async () => {
    const { tls: _, ...sasl } = security.kafka;
    const [publicCa = ''] = rootCertificates;
    const others = askKafka({ ...sasl, tls: { ca: publicCa } }, defaultTopics.raw);
    await expect(others).rejects.toThrowError("the broker's certificate is not accepted");
  });

  test('knows a wrong password', async () => {
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'ingest', password: 'wrong' } as const;
    await expect(askKafka({ ...security.kafka, sasl }, defaultTopics.raw)).rejects.toThrowError(
      'SASL_AUTHENTICATION_FAILED',
    );
  });

  test('lets the edge see its own topic and no other', async () => {
    const password = security.passwords.of('kafka-ingest');
    const sasl = { mechanism: 'SCRAM-SHA-512', username: 'ingest', password } as const;
    expect(await askKafka({ ...security.kafka, sasl }, defaultTopics.raw)).toBe(4);
    await expect(askKafka({ ...security.kafka, sasl }, defaultTopics.enriched)).rejects.toThrowError(
      `Describe (which Read and Write include) on topic ${defaultTopics.enriched}`,
    );
  });
});

describe('MongoDB', () => {
  test('takes nobody without TLS, and nobody without a password', async () => {
    await expect(
      askMongo(`mongodb://${loopback}:${ports.mongodb}/?directConnection=true`),
    ).rejects.toThrowError('closed');
    const { options } = mongoAccess(security, 'query');
    await expect(
      askMongo(
        `mongodb://${loopback}:${ports.mongodb}/?directConnection=true${options.replace('&authSource=admin', '')}`,
      ),
    ).rejects.toThrowError('requires authentication');
  });

  test('lets the query service read and not write', async () => {
    const client = new MongoClient(mongoUrl(ports.mongodb, mongoAccess(security, 'query')));
    try {
      const logs = client.db().collection('logs');
      expect(await logs.countDocuments()).toBe(37);
      await expect(logs.deleteMany({})).rejects.toThrowError('not authorized on activity');
    } finally {
      await client.close();
    }
  });
});

describe('Kafka Connect', () => {
  const configuration = '/connectors/activity-logs-sink/config';

  test.each([
    ['nobody', {}],
    ['a wrong password', { authorization: `Basic ${Buffer.from('connectors:wrong').toString('base64')}` }],
  ])('lets in nobody: %s', async (_who, headers) => {
    const answer = await fetch(`https://${loopback}:${ports.kafkaConnect}${configuration}`, { headers });
    expect(answer.status).toBe(401);
  });

  test('keeps no password of MongoDB in the connectors', async () => {
    const headers = { authorization: restAuthorization(security.folder) };
    const answer = await fetch(`https://${loopback}:${ports.kafkaConnect}${configuration}`, { headers });
    const text = await answer.text();
    expect(text).toContain('${file:');
    expect(text).not.toContain(security.passwords.of('mongodb-sink'));
  });
});

test('the rights are enough: nothing was refused to any service', () => {
  const denied = stack.log('kafka').match(/Principal = User:.* is Denied.*/g);
  // The one that was asked for above.
  expect(denied?.filter((line) => !/User:ingest is Denied operation = DESCRIBE/.test(line)) ?? []).toEqual(
    [],
  );
});

test('what is secret is for its owner alone, and in no log', () => {
  const { folder } = security;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const secret = files.filter(({ name }) => name !== 'truststore.p12');
  expect(secret.length).toBeGreaterThan(15);
  for (const { parentPath, name } of secret)
    expect([name, statSync(join(parentPath, name)).mode & 0o777]).toEqual([name, 0o600]);
  const passwords = secret
    .filter(({ name }) => /\.(password|api-key)$/.test(name))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
  for (const { name } of stack.pipeline.parts)
    expect([name, passwords.some((password) => stack.log(name).includes(password))]).toEqual([name, false]);
});
