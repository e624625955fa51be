// The secure stack: what it lets in and what it does not, and what each service says that lacks a right.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { join } from 'node:path';
import { openTopicReader } from '@activity/streams';
import { defaultTopics } from '@activity/contracts';
import type { KafkaSecurity } from '@activity/service';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { mongoUrl } from './parts/mongo.ts';
import type { Ports } from './parts/services.ts';
import { loopback } from './process/ports.ts';
import { ask } from './process/probe.ts';
import { restAuthorization } from './secure/connect.ts';
import { mongoAccess } from './secure/mongo.ts';
import type { Security } from './secure/security.ts';
import { postAll, samplePosts } from './testing/activity.ts';
import { startSecureStack, type SecureStack } from './testing/secure-stack.ts';

let ports: Ports;
let stack: SecureStack;
let security: Security;

beforeAll(async () => {
  stack = await startSecureStack();
  ({ ports, security } = stack);
});

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
  await postAll(`http://${loopback}:${ports.ingest}`, posts);
  await vi.waitFor(
    async () => {
      const answer = await fetch(`http://${loopback}:${ports.query}/api/logs?limit=1`);
      expect(await answer.json()).toMatchObject({ pagination: { total: 37 } });
    },
    { timeout: 30_000, interval: 200 },
  );
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
    const answer = await fetch(`http://${loopback}:${ports.connect}${configuration}`, { headers });
    expect(answer.status).toBe(401);
  });

  test('keeps no password of MongoDB in the connectors', async () => {
    const headers = { authorization: restAuthorization(security) };
    const answer = await fetch(`http://${loopback}:${ports.connect}${configuration}`, { headers });
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
    .filter(({ name }) => name.endsWith('.password'))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
  for (const { name } of stack.pipeline.parts)
    expect([name, passwords.some((password) => stack.log(name).includes(password))]).toEqual([name, false]);
});
