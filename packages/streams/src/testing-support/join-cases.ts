// Joins, one table for each kind: what goes into the topics `a` and `b`, what comes out of `out`, through the
// real task.
import { describe, expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { watchedDriver } from './watched-driver.ts';

type In = readonly [topic: string, key: string | undefined, value: string | undefined, timestamp: number];
type Out = readonly [key: string | undefined, value: string | undefined, timestamp: number];

/** A topology from the topics `a` and `b` to the topic `out`. */
export interface JoinCase {
  name: string;
  declare: (builder: StreamsBuilder) => void;
  input: readonly In[];
  output: readonly Out[];
  dropped?: readonly string[];
  late?: number;
}

/** Makes one text of two. */
export function plus(left: string | undefined, right: string | undefined): string {
  return `${left ?? '-'}+${right ?? '-'}`;
}

/** A test for each case. */
export function describeJoins(kind: string, cases: readonly JoinCase[]): void {
  const strings = { key: stringSerde, value: stringSerde };
  describe.each([[kind]])('%s', () => {
    test.each(cases)('$name', ({ declare, input, output, dropped = [], late = 0 }) => {
      const builder = new StreamsBuilder();
      declare(builder);
      const { driver, dropped: reasons, lateRecords } = watchedDriver(builder.build());
      for (const [topic, key, value, timestamp] of input)
        driver.input(topic, strings).pipe(key, value, timestamp);
      const records = driver.output('out', strings).readAll();
      expect(records.map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual(output);
      expect(reasons).toEqual(dropped);
      expect(lateRecords()).toBe(late);
    });
  });
}
