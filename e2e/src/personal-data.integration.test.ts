// Places and personal data on a real broker: what the real processor makes of them, and that nothing of them
// is left anywhere.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicEnvironment, topicsNamed, topicsOf } from '@activity/contracts';
import { openTopicReader } from '@activity/streams';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { mmdbOf } from '@activity/processor/testing/mmdb';
import { serviceSpec } from '@activity/local/parts/services';
import { ensureTopics } from '@activity/local/parts/topics';
import { Part } from '@activity/testbed/process/part';
import { freePorts } from '@activity/local/testing/free-ports';
import { servers } from '@activity/testbed/testing';
import { startWitness, type Witness } from './testing/witness.ts';

const names = topicEnvironment(topicsNamed('personal'));
const dataDir = mkdtempSync(join(tmpdir(), 'activity-personal-'));
const database = join(dataDir, 'city.mmdb');
const secrets = ['81.2.69.142', '2a02:cf41:0:0:0:0:0:7', 'ann@example.org', '+49 30 123456'];
let witness: Witness;
let kafka: Kafka;

interface Running {
  part: Part;
  log: () => string;
}

async function startProcessor(group: string, given: Record<string, string>): Promise<Running> {
  const spec = serviceSpec('processor', { ports: await freePorts(), dataDir: join(dataDir, group) });
  const env = { ...spec.command.env, ...names, KAFKA_BROKERS: servers().kafka, KAFKA_GROUP_ID: group };
  const part = new Part({ ...spec, command: { ...spec.command, env: { ...env, ...given } } });
  await part.start();
  return { part, log: () => readFileSync(spec.logFile, 'utf8') };
}

async function send(userId: string, eventId: string, metadata: Record<string, string>): Promise<void> {
  const at = new Date().toISOString();
  const event = { eventId, userId, activityType: 'LOGIN', metadata, timestamp: at, receivedAt: at };
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({
    topic: names.KAFKA_TOPIC,
    messages: [{ key: userId, value: JSON.stringify(event) }],
  });
  await producer.disconnect();
}

/** The logs by their event ids, as soon as there are `count` of them. */
async function logs(count: number): Promise<Record<string, unknown>> {
  await vi.waitFor(() => expect(witness.seen).toHaveLength(count), { timeout: 30_000, interval: 50 });
  const values = witness.seen.map(({ value }) => value as { eventId: string });
  return Object.fromEntries(values.map((value) => [value.eventId, value]));
}

beforeAll(async () => {
  const london = {
    country: { iso_code: 'GB', names: { en: 'United Kingdom' } },
    city: { names: { en: 'London' } },
  };
  writeFileSync(
    database,
    mmdbOf({ '81.2.69.0/24': london, '2a02:cf40::/29': { country: { iso_code: 'NO' } } }),
  );
  await ensureTopics(servers().kafka, topicsOf(names), 2);
  kafka = new Kafka({ brokers: [servers().kafka], logLevel: logLevel.ERROR });
  witness = await startWitness(servers().kafka, [names.KAFKA_ENRICHED_TOPIC]);
}, 60_000);

afterAll(async () => {
  await witness?.close();
  rmSync(dataDir, { recursive: true });
});

test('country and city by a MaxMind file; addresses cut, fields dropped and hashed, before anything leaves the processor', async () => {
  const { part } = await startProcessor('personal-places', {
    GEO_DATABASE: database,
    PRIVACY_IP: 'truncate',
    PRIVACY_DROP: 'email',
    PRIVACY_HASH: 'phone',
    PRIVACY_HASH_KEY: 'a key of sixteen characters',
  });
  try {
    const [ip = '', ip6 = '', email = '', phone = ''] = secrets;
    await send('ann', 'a1', { ip, email, phone, page: '/' });
    await send('ann', 'a2', { ip, phone });
    await send('bob', 'b1', { ip: ip6 });
    await send('eve', 'e1', { ip: '10.0.0.1' });
    // A copy of the first with another body: only the dead letters keep its bytes.
    await send('ann', 'a1', { ip, email, phone: '?' });
    const { a1, a2, b1, e1 } = await logs(4);
    expect(a1).toMatchObject({
      place: { country: 'GB', city: 'London' },
      address: { version: 4, prefix: '81.2.69.0/24' },
    });
    const { metadata } = a1 as { metadata: Record<string, unknown> };
    expect(metadata).toEqual({ ip: '81.2.69.0', phone: expect.stringMatching(/^[\w-]{22}$/), page: '/' });
    expect(a2).toMatchObject({ metadata: { phone: metadata['phone'] } });
    expect(b1).toMatchObject({ place: { country: 'NO' }, metadata: { ip: '2a02:cf41:0::' } });
    expect(e1).not.toHaveProperty('place');
  } finally {
    await part.stop();
  }
  const admin = kafka.admin();
  await admin.connect();
  const own = (await admin.listTopics()).filter((topic) => topic.startsWith('personal-'));
  await admin.disconnect();
  const reader = openTopicReader({ brokers: [servers().kafka], clientId: 'personal-data' });
  const found = new Map<string, number>();
  let records = 0;
  try {
    for (const topic of own) {
      for await (const { key, value } of reader.read(topic)) {
        records++;
        const text = `${key?.toString('utf8') ?? ''}\n${value?.toString('utf8') ?? ''}`;
        if (secrets.some((secret) => text.includes(secret))) found.set(topic, (found.get(topic) ?? 0) + 1);
      }
    }
  } finally {
    await reader.close();
  }
  // Changelogs and repartitioned records are among them.
  expect(own.filter((topic) => topic.startsWith('personal-places-')).length).toBeGreaterThan(5);
  expect(records).toBeGreaterThan(40);
  expect(found).toEqual(
    new Map([
      [names.KAFKA_DEAD_LETTER_TOPIC, 1],
      [names.KAFKA_TOPIC, 4],
    ]),
  );
}, 90_000);

test('without the file there are no places, which is said once, however many threads there are', async () => {
  const before = witness.seen.length;
  const { part, log } = await startProcessor('personal-no-places', {
    GEO_DATABASE: join(dataDir, 'nowhere.mmdb'),
    PROCESSOR_THREADS: '2',
  });
  try {
    await send('zoe', 'z1', { ip: '81.2.69.142' });
    // This application reads what was there before once more.
    const { z1, a1 } = await logs(before + 5);
    expect(z1).toMatchObject({ address: { version: 4 } });
    expect(z1).not.toHaveProperty('place');
    expect(a1).not.toHaveProperty('place');
    expect(log().match(/GEO_DATABASE cannot be read/g)).toHaveLength(1);
  } finally {
    await part.stop();
  }
}, 90_000);
