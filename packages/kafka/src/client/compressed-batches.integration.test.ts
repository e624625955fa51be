// Compressed batches on a real broker: written by us; read by us, by kafkajs and by Kafka's own client.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { ensureKafka } from '@activity/testbed/fetch/kafka';
import { servers } from '@activity/testbed/testing';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Compression } from '../format/compression.ts';
import { anyoneIn, commitOf, readPartition, valuesOf, type Write } from '../testing/commits.ts';
import { connectWitness, uniqueName, type Witness } from '../testing/witness.ts';
import { createKafka } from './wire-port.ts';
import type { KafkaPort } from './port.ts';

// What a user of kafkajs adds to read lz4 and zstd.
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async () => Promise.reject(new Error('this codec only reads')),
  decompress: async (bytes: Buffer) => Promise.resolve(compressionsAlgorithms.lz4.decompressSync(bytes)),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async () => Promise.reject(new Error('this codec only reads')),
  decompress: async (bytes: Buffer) => Promise.resolve(zstdDecompressSync(bytes)),
});

let kafka: KafkaPort;
let witness: Witness;

beforeAll(async () => {
  kafka = createKafka({ brokers: [servers().kafka], clientId: 'compressed' });
  witness = await connectWitness(servers().kafka);
});

afterAll(async () => {
  await kafka.close();
  await witness[Symbol.asyncDispose]();
});

const values = Array.from({ length: 500 }, (_, n) => `the value of record ${n}, and more of it`);

/** Writes the values in one transaction to a topic with these settings; returns its name. */
async function write(
  compression: Compression,
  config: { [name: string]: string },
  written: readonly string[] = values,
): Promise<string> {
  const topic = await witness.createTopic(uniqueName(compression), 1, config);
  const options = { transactionalId: uniqueName('tx'), transactionTimeoutMs: 20_000 };
  const writer = kafka.createWriter({ ...options, compression: () => compression });
  await writer.open();
  const writes = written.map((value): Write => [topic, 0, 'k', value]);
  await writer.commit(commitOf(anyoneIn('nobody'), writes));
  await writer.close();
  return topic;
}

/** Writes the values with Kafka's own producer; returns the topic. */
async function writeByJava(codec: string): Promise<string> {
  const topic = await witness.createTopic(uniqueName(codec), 1);
  const { java, classpath } = await ensureKafka({ report() {} });
  const args = ['--bootstrap-server', servers().kafka, '--topic', topic, '--compression-codec', codec];
  const child = execFile(java.file, ['-Xmx128m', 'org.apache.kafka.tools.ConsoleProducer', ...args], {
    env: { CLASSPATH: classpath },
  });
  const ended = once(child, 'exit');
  child.stdin?.end(`${values.join('\n')}\n`);
  expect(await ended).toEqual([0, null]);
  return topic;
}

/** What Kafka's own consumer reads. */
async function readByJava(topic: string, count = values.length): Promise<string[]> {
  const { java, classpath } = await ensureKafka({ report() {} });
  const args = ['--bootstrap-server', servers().kafka, '--topic', topic, '--from-beginning'];
  const read = [...args, '--isolation-level', 'read_committed', '--max-messages', String(count)];
  const { stdout } = await promisify(execFile)(
    java.file,
    ['-Xmx128m', 'org.apache.kafka.tools.consumer.ConsoleConsumer', ...read, '--timeout-ms', '30000'],
    { env: { CLASSPATH: classpath }, maxBuffer: 16 * 1024 * 1024 },
  );
  return stdout.trimEnd().split('\n');
}

describe.each(['gzip', 'lz4', 'zstd'] as const)('%s', (compression) => {
  test.each([
    ['by the time of its producer', 'CreateTime'],
    ['by the time of the broker', 'LogAppendTime'],
  ])(
    'a topic %s is read by every client',
    async (_what, type) => {
      const topic = await write(compression, { 'message.timestamp.type': type });
      expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(values);
      expect(await readByJava(topic)).toEqual(values);
      // Last: the witness marks where it reads to.
      expect((await witness.readCommitted(topic)).map(({ value }) => value)).toEqual(values);
    },
    120_000,
  );
});

// Blocks of a frame are as large as the records need: 64 kB, 256 kB, 1 MB and 4 MB.
test.each([1_000, 4_000, 20_000])(
  'lz4: %i records in a batch are read by Kafka’s own consumer',
  async (count) => {
    const many = Array.from({ length: count }, (_, n) =>
      `${n} ${Math.imul(n, 2_654_435_761).toString(36)}`.padEnd(40, '.'),
    );
    const topic = await write('lz4', { 'max.message.bytes': '4000000' }, many);
    expect(await readByJava(topic, count)).toEqual(many);
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(many);
  },
  120_000,
);

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  '%s: what Kafka’s own producer writes is read',
  async (codec) => {
    const topic = await writeByJava(codec);
    expect(valuesOf((await readPartition(kafka, topic, 0)).records)).toEqual(values);
  },
  120_000,
);

test('a batch that unpacks to more than the limit ends the read, and names the setting', async () => {
  const topic = await write('zstd', {});
  const narrow = createKafka({ brokers: [servers().kafka], clientId: 'narrow', maxUnpackedBytes: 10_000 });
  await expect(readPartition(narrow, topic, 0)).rejects.toMatchObject({
    code: 'BATCH_TOO_LARGE',
    message: expect.stringMatching(
      new RegExp(`^fetching ${topic}-0 at 0: the compressed batch at offset 0 .* raise maxUnpackedBytes`),
    ) as string,
  });
  await narrow.close();
});
