// Operators, one table for each kind: what goes in, what comes out, through the real task.
import { describe, expect, test } from 'vitest';
import type { Windowed } from '../api/record.ts';
import { jsonSerde, stringSerde, type Serde } from '../api/serde.ts';
import type { KStream } from '../dsl/stream.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { watchedDriver } from './watched-driver.ts';

type In = readonly [key: string | undefined, value: string | undefined, timestamp: number];
type Out = readonly [key: unknown, value: unknown, timestamp: number];

/** A topology from the topic `in` to the topics `out` and `late`, with the records of each. */
export interface OperatorCase {
  name: string;
  declare: (builder: StreamsBuilder) => void;
  input: readonly In[];
  output: readonly Out[];
  late?: readonly Out[];
  dropped?: readonly string[];
}

/** Serdes of text. */
export const strings: { key: Serde<string>; value: Serde<string> } = { key: stringSerde, value: stringSerde };
/** JSON for topics of any types. */
export const json: { key: Serde<never>; value: Serde<never> } = {
  key: jsonSerde<never>(),
  value: jsonSerde<never>(),
};

/** A topology from the stream `in` to the topic `out`, whatever its types. */
export function stream<K, V>(
  declare: (input: KStream<string, string>, builder: StreamsBuilder) => KStream<K, V>,
): OperatorCase['declare'] {
  return (builder) => declare(builder.stream('in', strings), builder).to('out', json);
}

/** A window's key and bounds as text. */
export function windowName({ key, start, end }: Windowed<string>): string {
  return `${key}@${start}/${end}`;
}

/** A test for each case. */
export function describeOperators(kind: string, cases: readonly OperatorCase[]): void {
  describe.each([[kind]])('%s', () => {
    test.each(cases)('$name', ({ declare, input, output, late = [], dropped = [] }) => {
      const builder = new StreamsBuilder();
      declare(builder);
      const { driver, dropped: reasons, lateRecords } = watchedDriver(builder.build());
      driver.log.create('late', 1);
      const topic = driver.input('in', strings);
      for (const [key, value, timestamp] of input) topic.pipe(key, value, timestamp);
      const read = (name: string): Out[] =>
        driver
          .output(name, json)
          .readAll()
          .map((record) => [record.key, record.value, record.timestamp]);
      expect(read('out')).toEqual(output);
      expect(read('late')).toEqual(late);
      expect(reasons).toEqual(dropped);
      expect(lateRecords()).toBe(dropped.includes('duplicate') ? 0 : late.length);
    });
  });
}
