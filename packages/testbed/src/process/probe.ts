// Probes: how to ask a part whether it is healthy. Plain data,
// so that the launcher and `npm run status` ask alike.
import { once } from 'node:events';
import { connect } from 'node:net';
import { Admin, type AdminOptions } from '@platformatic/kafka';
import { MongoClient } from 'mongodb';
import { reasonOf } from './problem.ts';

/** How a client reaches a broker that is not open to all. */
export type KafkaSecurity = Pick<AdminOptions, 'tls' | 'sasl'>;

/** What to ask: an HTTP address that returns 200, a Kafka broker, or a MongoDB primary. */
export type Probe =
  | { kind: 'http'; url: string; authorization?: string }
  | { kind: 'kafka'; address: string; security?: KafkaSecurity }
  | { kind: 'mongodb'; url: string };

async function askHttp(
  url: string,
  authorization: string | undefined,
  timeoutMs: number,
): Promise<string | undefined> {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
  const body = await response.text();
  return response.status === 200 ? undefined : `answers ${response.status} ${body.slice(0, 200)}`.trim();
}

/** Much cheaper than asking a client, while nothing listens. */
async function knock(address: string, timeoutMs: number): Promise<void> {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
  } finally {
    socket.destroy();
  }
}

async function askKafka(
  address: string,
  security: KafkaSecurity,
  timeoutMs: number,
): Promise<string | undefined> {
  await knock(address, timeoutMs);
  const admin = new Admin({
    clientId: 'local-probe',
    bootstrapBrokers: [address],
    retries: 0,
    timeout: timeoutMs,
    connectTimeout: timeoutMs,
    ...security,
  });
  try {
    const metadata = await admin.metadata({ topics: [] });
    return metadata.brokers.size > 0 ? undefined : 'has no broker in its metadata yet';
  } finally {
    await admin.close();
  }
}

async function askMongodb(url: string, timeoutMs: number): Promise<string | undefined> {
  const client = new MongoClient(url, { directConnection: true, serverSelectionTimeoutMS: timeoutMs });
  try {
    const hello = await client.db('admin').command({ hello: 1 });
    return hello['isWritablePrimary'] === true ? undefined : 'is not the primary yet';
  } finally {
    await client.close();
  }
}

/** Asks once. Returns undefined when healthy, otherwise why not. Never throws. */
export async function ask(probe: Probe, timeoutMs = 2_000): Promise<string | undefined> {
  try {
    switch (probe.kind) {
      case 'http':
        return await askHttp(probe.url, probe.authorization, timeoutMs);
      case 'kafka':
        return await askKafka(probe.address, probe.security ?? {}, timeoutMs);
      case 'mongodb':
        return await askMongodb(probe.url, timeoutMs);
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return reasonOf(cause) || 'does not answer';
  }
}
