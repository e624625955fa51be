// A bare loop over the client's own consumer: what comes is processed in batches, one after the other.
import { MessagesStreamModes, type Consumer, type Message } from '@platformatic/kafka';

/** The records of a batch, and after how long fewer are processed too, in milliseconds. */
const batchSize = 5_000;
const idleMs = 100;

/** A record of which the key is a text. */
export type Raw<Value> = Message<string, Value, unknown, unknown>;

/** Reads a topic from its beginning, prints that it runs, and processes batches until the process ends. */
export async function processBatches<Value>(
  consumer: Consumer<string, Value, unknown, unknown>,
  topic: string,
  processAll: (batch: readonly Raw<Value>[]) => Promise<void>,
): Promise<void> {
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.EARLIEST,
    autocommit: false,
    maxWaitTime: 100,
    highWaterMark: batchSize * 2,
  });
  console.log('STATE RUNNING');
  let batch: Raw<Value>[] = [];
  let idle: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  function processBatch(): Promise<void> {
    const full = batch;
    batch = [];
    return (working = working.then(() => processAll(full)));
  }

  for await (const message of stream) {
    batch.push(message);
    clearTimeout(idle);
    if (batch.length >= batchSize) await processBatch();
    else idle = setTimeout(() => void processBatch(), idleMs);
  }
}
