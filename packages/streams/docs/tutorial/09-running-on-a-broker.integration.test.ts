// Chapter 9: running on a broker
//
// The same topology, on Kafka. `createStreams` takes it with the address of a broker and an application id,
// which is also the consumer group: start the program on as many machines as you like, and the instances
// share the partitions.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { createStreams, FatalError, noMetrics } from '@activity/streams';
import type { Streams, StreamsOptions } from '@activity/streams';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
// A second client, kafkajs, writes the input and reads what was committed.
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';

let witness: Witness;
let input: string;
let output: string;
const applicationId = uniqueName('tutorial');
const folder = mkdtempSync(join(tmpdir(), 'streams-tutorial-'));
const running: Streams[] = [];

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
  // The topics of the input and of the output are yours: create them first. Changelogs and repartition topics
  // are the application's, which creates them with as many partitions as they need.
  input = await witness.createTopic(uniqueName('clicks'), 4);
  output = await witness.createTopic(uniqueName('counts'), 4);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((streams) => streams.close()));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await witness[Symbol.asyncDispose]();
});

/** An application of two threads, with state in a folder. */
function create(options: Partial<StreamsOptions> = {}): Streams {
  const streams = createStreams({
    applicationId,
    topology: { url: new URL('./09-topology.ts', import.meta.url), options: { input, output } },
    brokers: [servers().kafka],
    threads: 2,
    stateDir: folder,
    ...options,
  });
  running.push(streams);
  return streams;
}

async function untilReady(streams: Streams): Promise<void> {
  await streams.start();
  await vi.waitFor(() => expect(streams.isReady()).toBe(true), { timeout: 30_000, interval: 20 });
}

async function countsOf(user: string): Promise<(string | null)[]> {
  const records = await witness.readCommitted(output);
  return records.filter(({ key }) => key === user).map(({ value }) => value);
}

describe('an application', () => {
  test('begins, works, can be read, and stops', async () => {
    const states: string[] = [];
    const streams = create({ onState: (state) => states.push(state) });
    // `start` resolves when the topics are there and the group is being joined; `isReady` when every assigned
    // task is at work.
    await untilReady(streams);
    expect(states.at(0)).toBe('REBALANCING');
    expect(states.at(-1)).toBe('RUNNING');

    await witness.send(input, [
      { key: 'ada', value: '/home' },
      { key: 'bob', value: '/home' },
      { key: 'ada', value: '/cart' },
    ]);
    await vi.waitFor(async () => expect(await countsOf('ada')).toEqual(['1', '2']), { timeout: 20_000 });
    // The state of the tasks of this instance, as committed. Whichever thread has the key is asked.
    expect(await streams.store<string, number>('clicks').get('ada')).toBe(2);

    // What was processed is committed, the group is left, the state folder is free for the next process.
    await streams.close();
    expect(streams.state).toBe('CLOSED');
  });

  test('goes on from its own disk when it comes back', async () => {
    const restored: number[] = [];
    const streams = create({
      metrics: { ...noMetrics, restored: (_task, _store, records) => restored.push(records) },
    });
    await untilReady(streams);
    await witness.send(input, [{ key: 'ada', value: '/home' }]);
    await vi.waitFor(async () => expect(await countsOf('ada')).toEqual(['1', '2', '3']), { timeout: 20_000 });
    // All was on disk when it closed, so that nothing had to be read from the changelog.
    expect(restored.reduce((sum, records) => sum + records, 0)).toBe(0);
    // For a restart that takes a moment, stay in the group:
    // within the session timeout nothing is handed to others.
    await streams.close({ leaveGroup: false });
  });

  test('makes its state again where the disk is new', async () => {
    const streams = create({ stateDir: join(folder, 'another') });
    await untilReady(streams);
    expect(await streams.store<string, number>('clicks').all()).toEqual(
      expect.arrayContaining([
        ['ada', 3],
        ['bob', 1],
      ]),
    );
  });
});

describe('what cannot work is said at the start', () => {
  async function failureOf(streams: Streams): Promise<unknown> {
    return streams.start().catch((error: unknown) => error);
  }

  test('a topic that does not exist', async () => {
    const topology = {
      url: new URL('./09-topology.ts', import.meta.url),
      options: { input: 'absent', output },
    };
    const failure = await failureOf(create({ topology }));
    expect(failure).toBeInstanceOf(FatalError);
    expect(failure).toMatchObject({ code: 'TOPIC_UNKNOWN', message: expect.stringContaining('absent') });
  });

  test('a state folder that another process uses', async () => {
    await untilReady(create());
    expect(await failureOf(create())).toMatchObject({ code: 'STATE_LOCKED' });
  });
});
