// Test drivers of topologies with steps that await.
import type { AsyncOptions } from '../api/async-processor.ts';
import { stringSerde } from '../api/serde.ts';
import type { KStream } from '../dsl/stream.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { TestDriverOptions } from '../testing/driver-types.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { HeldCalls } from './held-calls.ts';
import { strings } from './oracles.ts';

/** A stream of text. */
export type Stream = KStream<string, string>;

/** A driver of a topology from `in` to `out`, and what it has written. */
export function start(
  declare: (input: Stream, builder: StreamsBuilder) => Stream,
  options: TestDriverOptions = {},
): { driver: TopologyTestDriver; pipe: (...records: string[]) => void; out: (topic?: string) => string[] } {
  const builder = new StreamsBuilder();
  declare(builder.stream('in', strings), builder).to('out', strings);
  const driver = new TopologyTestDriver(builder.build(), options);
  driver.log.create('failed', 1);
  driver.log.create('dead', 1);
  const input = driver.input('in', strings);
  let time = 0;
  return {
    driver,
    pipe: (...records) => {
      for (const record of records) input.pipe(record[0], record, time++);
    },
    out: (topic = 'out') =>
      driver
        .output(topic, strings)
        .readAll()
        .map(({ value }) => value ?? ''),
  };
}

/** The same with one step whose calls the test settles. */
export function held(options: AsyncOptions = {}): ReturnType<typeof start> & { calls: HeldCalls } {
  const calls = new HeldCalls();
  const started = start((input) => input.mapValuesAsync(calls.make, { value: stringSerde, ...options }));
  return { ...started, calls };
}

/** What calls are open for. */
export const values = (calls: HeldCalls): string[] => calls.open.map(({ value }) => value);
