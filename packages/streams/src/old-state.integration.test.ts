// State on disk that is older than its changelog's tombstones: what was deleted meanwhile must not come back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker, type LocalServer } from '@activity/testbed';
import { createKafka, type KafkaPort } from '@activity/kafka';
import { connectWitness, readPartition, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stringSerde } from './api/serde.ts';
import type { Processor, ProcessorContext } from './api/processor.ts';
import type { KeyValueStore } from './api/stores.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { createStreams } from './start.ts';
import { lagOf } from './testing-support/counts-run.ts';
import type { Topology } from './topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
const folder = mkdtempSync(join(tmpdir(), 'streams-old-state-'));
const applicationId = uniqueName('old-state');
const changelog = `${applicationId}-kept-changelog`;
let broker: LocalServer;
let witness: Witness;
let kafka: KafkaPort;
let topics = { input: '', output: '' };

beforeAll(async () => {
  broker = await startBroker({
    config: { 'log.cleaner.backoff.ms': '100', 'log.initial.task.delay.ms': '100' },
  });
  witness = await connectWitness(broker.address);
  kafka = createKafka({ brokers: [broker.address], clientId: 'old-state' });
  topics = {
    input: await witness.createTopic(uniqueName('input'), 1),
    output: await witness.createTopic(uniqueName('output'), 1),
  };
});

afterAll(async () => {
  await kafka?.close();
  await witness?.[Symbol.asyncDispose]();
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Keeps the last value of each key; `-` deletes it, and `?` asks for it. */
function keep(): Processor<string, string, string, string> {
  let context: ProcessorContext<string, string>;
  let kept: KeyValueStore<string, string>;
  return {
    init(given) {
      context = given;
      kept = context.keyValueStore('kept');
    },
    process(record) {
      const { key, value, timestamp } = record;
      if (value === '?') context.forward({ ...record, value: kept.get(key) ?? 'nothing' });
      else if (value === '-') kept.delete(key);
      else kept.put(key, value, timestamp);
    },
  };
}

function topology(): Topology {
  const builder = new StreamsBuilder();
  builder.addStore({ ...strings, name: 'kept', kind: 'keyValue' });
  builder
    .stream(topics.input, strings)
    .processValues(keep, { name: 'keep', stores: ['kept'], value: stringSerde })
    .to(topics.output);
  return builder.build();
}

/** Runs an instance until it has processed these records. */
async function run(instance: string, ...records: [key: string, value: string][]): Promise<void> {
  await witness.send(
    topics.input,
    records.map(([key, value]) => ({ key, value })),
  );
  const streams = createStreams({
    applicationId,
    topology: topology(),
    brokers: [broker.address],
    stateDir: join(folder, instance),
    commitIntervalMs: 30,
  });
  await streams.start();
  try {
    await vi.waitFor(
      async () => {
        expect(streams.state).toBe('RUNNING');
        expect(await lagOf(witness, applicationId, [topics.input])).toBe(0);
      },
      { timeout: 30_000, interval: 20 },
    );
  } finally {
    await streams.close();
  }
}

test('an entry whose tombstone is gone is not found in old state', async () => {
  await run('a', ['k', 'alive'], ['other', 'alive']);
  await witness.configure(changelog, {
    'cleanup.policy': 'compact',
    'delete.retention.ms': '0',
    'min.cleanable.dirty.ratio': '0.001',
    'segment.ms': '100',
  });
  await run('b', ['k', '-']);
  for (let filler = 0; ; filler++) {
    // A segment is cleaned once another one was begun.
    await run('b', [`filler-${filler}`, 'x']);
    const { records } = await readPartition(kafka, changelog, 0);
    if (!records.some(({ key }) => key?.toString() === 'k')) break;
    expect(filler).toBeLessThan(40);
  }
  await run('a', ['k', '?'], ['other', '?']);
  const found = (await witness.readCommitted(topics.output)).map(({ key, value }) => `${key}=${value}`);
  expect(found).toEqual(['k=nothing', 'other=alive']);
}, 180_000);
