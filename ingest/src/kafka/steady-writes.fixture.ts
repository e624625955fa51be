// The edge's writer with writes that go on, on a cluster whose brokers come and go.
import { openTopicWriter } from '@activity/kafka';
import { uniqueName, type Seen, type Witness } from '@activity/kafka/testing';
import type { Logger } from '@activity/service';
import { EventWriter } from './event-writer.ts';
import type { Loss } from './partition-lane.ts';
import { rawTopic } from './raw-topic.ts';
import { write } from './write.fixture.ts';

/** What a test needs to write. */
export interface SteadyWritesOptions {
  witness: Witness;
  /** The brokers that the edge is given. */
  brokers: readonly string[];
  /** The topic, where it exists already. */
  topic?: string;
  /** Settings of a topic that is made. */
  config?: { [name: string]: string };
}

/** A writer, and what it has acknowledged. */
export interface SteadyWrites extends AsyncDisposable {
  readonly topic: string;
  /** Where each value is that was acknowledged. The offset is unknown where the broker had it already. */
  readonly acknowledged: ReadonlyMap<string, { partition: number; offset: number | undefined }>;
  readonly losses: readonly Loss[];
  /** What the writer logged as an error. */
  readonly errors: readonly string[];
  /** Writes to every partition. Resolves with how long the acknowledgements took, in milliseconds. */
  goOn(): Promise<number>;
  /** Writes again and again until something is over. Returns the longest wait, in milliseconds. */
  longestWait(over: Promise<unknown>): Promise<number>;
  /** The topic's records, read by another client. */
  read(): Promise<Seen[]>;
}

const partitions = 3;
const atOnce = 120;

/** Makes a topic with three copies of each partition. */
export function createTopic(witness: Witness, config?: { [name: string]: string }): Promise<string> {
  return witness.createTopic(uniqueName('edge'), partitions, config);
}

/** Makes a writer on a topic, and writes. */
export async function startSteadyWrites(options: SteadyWritesOptions): Promise<SteadyWrites> {
  const { witness, brokers, config } = options;
  const topic = options.topic ?? (await createTopic(witness, config));
  const acknowledged = new Map<string, { partition: number; offset: number | undefined }>();
  const losses: Loss[] = [];
  const errors: string[] = [];
  const timeouts = { connectTimeoutMs: 1_000, requestTimeoutMs: 5_000 };
  const topicWriter = openTopicWriter({ brokers, topic, clientId: 'edge-test', ...timeouts });
  const logger = {
    warn: () => {},
    error: (_what: unknown, message: string) => void errors.push(message),
  } as unknown as Logger;
  const writer = new EventWriter({
    topic: rawTopic(topic, topicWriter),
    logger,
    deadlineMs: 60_000,
    maxWaitingBytes: 10_000_000,
    onLoss: (loss) => losses.push(loss),
  });
  let made = 0;

  async function goOn(): Promise<number> {
    const began = performance.now();
    const values = Array.from({ length: atOnce }, () => String(made++));
    const results = await Promise.all(
      values.map((value) => write(writer, { key: value, value, timestamp: Date.now() })),
    );
    for (const [n, result] of results.entries()) {
      if (result.kind !== 'written') throw new Error(`value ${values[n]} was not written: ${result.kind}`);
      acknowledged.set(values[n] as string, result);
    }
    return performance.now() - began;
  }

  await goOn();
  return {
    topic,
    acknowledged,
    losses,
    errors,
    goOn,
    async longestWait(over) {
      const end = new AbortController();
      const ending = over.finally(() => end.abort());
      let longest = 0;
      while (!end.signal.aborted) {
        longest = Math.max(longest, await goOn());
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await ending;
      return longest;
    },
    read: () => witness.readCommitted(topic),
    [Symbol.asyncDispose]: () => writer.close(),
  };
}

/**
 * What is wrong with a topic: acknowledged values that it lacks, that lie elsewhere than was said, or that it
 * holds twice; each once.
 */
export async function wrongIn(writes: SteadyWrites): Promise<string[]> {
  const found = Map.groupBy(await writes.read(), ({ value }) => String(value));
  return [...writes.acknowledged].flatMap(([value, { partition, offset }]) => {
    const places = found.get(value) ?? [];
    const [place] = places;
    if (place === undefined) return [`${value} is not there`];
    if (places.length > 1) return [`${value} is there ${places.length} times`];
    const right = place.partition === partition && (offset === undefined || place.offset === offset);
    return right ? [] : [`${value} is elsewhere`];
  });
}
