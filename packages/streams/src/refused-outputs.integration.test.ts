// What a broker refuses of a commit, where a punctuator wrote it: the broker says which record that is, and
// it goes alone.
import { servers } from '@activity/testbed/testing';
import { createKafka, type KafkaPort } from '@activity/kafka';
import { connectWitness, readPartition, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { createStreams } from './start.ts';
import type { Streams } from './streams.ts';
import type { Topology } from './topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
const goods = 30;

let witness: Witness;
let kafka: KafkaPort;
const running: Streams[] = [];

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
  kafka = createKafka({ brokers: [servers().kafka], clientId: 'refused-outputs' });
});

afterAll(async () => {
  await kafka.close();
  await witness[Symbol.asyncDispose]();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((streams) => streams.close()));
});

type Written = [key: string | undefined, value: string];

/** Copies records, and once, by the time of day, writes others among which one is refused. */
function punctuating(input: string, output: string, bad: Written): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, strings)
    .process<string | undefined, string>(() => {
      let forward: (key: string | undefined, value: string) => void;
      return {
        init(context) {
          forward = (key, value) => context.forward({ key, value, timestamp: context.now(), headers: [] });
          const once = context.schedule(10, 'wall-clock', () => {
            once.cancel();
            for (let n = 0; n < goods; n++) {
              if (n === goods / 2) forward(...bad);
              forward(`p${n}`, `good ${n}`);
            }
          });
        },
        process: ({ key, value }) => forward(key, value),
      };
    })
    .to(output, { key: stringSerde as never, value: stringSerde });
  return builder.build();
}

test.each<[string, { [name: string]: string }, Written, string]>([
  ['content', { 'cleanup.policy': 'compact' }, [undefined, 'bad'], 'INVALID_RECORD'],
  ['size', { 'max.message.bytes': '2000' }, ['bad', 'x'.repeat(5_000)], 'MESSAGE_TOO_LARGE'],
])(
  'a record of a punctuator that is refused for its %s is dead-lettered alone',
  async (_what, config, bad, error) => {
    const [input, dead] = [uniqueName('in'), uniqueName('dead')];
    for (const name of [input, dead]) await witness.createTopic(name, 1);
    const output = await witness.createTopic(uniqueName('out'), 1, config);
    await witness.send(input, [
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ]);
    const errors: string[] = [];
    const streams = createStreams({
      applicationId: uniqueName('app'),
      topology: punctuating(input, output, bad),
      brokers: [servers().kafka],
      commitIntervalMs: 30,
      sessionTimeoutMs: 6000,
      onFailure: { production: 'deadLetter' },
      deadLetterTopic: dead,
      onState: (_state, failure) => failure && errors.push(failure.message),
    });
    running.push(streams);
    await streams.start();
    const written = async (): Promise<string[]> =>
      (await readPartition(kafka, output, 0)).records.map(({ value }) => String(value)).toSorted();
    const wanted = ['1', '2', ...Array.from({ length: goods }, (_, n) => `good ${n}`)].toSorted();
    await vi.waitFor(async () => expect(await written()).toEqual(wanted), {
      timeout: 40_000,
      interval: 100,
    });
    expect(errors).toEqual([]);
    const [letter, ...more] = (await readPartition(kafka, dead, 0)).records;
    expect(more).toEqual([]);
    expect(letter?.value?.toString()).toBe(bad[1]);
    const headers = Object.fromEntries(letter?.headers.map((one) => [one.key, String(one.value)]) ?? []);
    expect(headers).toMatchObject({
      'dead-letter.task': '0_0',
      'dead-letter.output': `a record for topic ${output}`,
      'dead-letter.stage': 'production',
      'dead-letter.message': expect.stringContaining(error) as string,
    });
    expect(streams.state).toBe('RUNNING');
  },
  120_000,
);
