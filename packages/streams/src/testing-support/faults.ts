// Random histories: records in any order and lateness, and whatever may happen to a process in between.
import * as fc from 'fast-check';
import type { Serde } from '../api/serde.ts';
import { faults, play, type Fault } from '../testing/play.ts';
import type { OutputRecord } from '../testing/driver-types.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import type { Topology } from '../topology/topology.ts';

/** A record of the input. */
export interface Input<V> {
  topic: string;
  key: string;
  value: V;
  timestamp: number;
  partition: number;
}

/** Records and faults in the order they happen. */
export interface History<V> {
  partitions: number;
  events: readonly (Input<V> | Fault)[];
}

/** What histories are made of. */
export interface HistoryOptions<V> {
  value: fc.Arbitrary<V>;
  topics?: readonly string[];
  /** Event times in milliseconds; steps forward with stragglers, unless given. */
  timestamp?: fc.Arbitrary<number>;
  keys?: readonly string[];
  maxPartitions?: number;
}

const fault: fc.Arbitrary<Fault> = fc.constantFrom(...faults, 'processSome', 'begin', 'succeed');

/** Event times over half an hour, in any order. */
const halfHour: fc.Arbitrary<number> = fc.oneof(
  fc.nat(1_800_000),
  fc.nat(30).map((minutes) => minutes * 60_000),
);

/** Any history. A key's records stay in one partition, as a producer would have put them. */
export function histories<V>({
  value,
  topics = ['in'],
  timestamp = halfHour,
  keys = ['a', 'b', '\uffff', '🌍', ''],
  maxPartitions = 3,
}: HistoryOptions<V>): fc.Arbitrary<History<V>> {
  const record = fc.record({
    topic: fc.constantFrom(...topics),
    key: fc.constantFrom(...keys),
    value,
    timestamp,
  });
  return fc
    .tuple(
      fc.integer({ min: 1, max: maxPartitions }),
      fc.array(fc.oneof({ weight: 3, arbitrary: record }, { weight: 2, arbitrary: fault }), {
        maxLength: 60,
        size: 'max',
      }),
    )
    .map(([partitions, events]) => ({
      partitions,
      events: events.map((event) =>
        typeof event === 'string'
          ? event
          : { ...event, partition: (event.key.codePointAt(0) ?? 0) % partitions },
      ),
    }));
}

/** The records of a history without what happened between them. */
export function inputsOf<V>({ events }: History<V>): Input<V>[] {
  return events.filter((event) => typeof event !== 'string');
}

/** The records of each partition, in order. */
export function byPartition<V>({ partitions, events }: History<V>): Input<V>[][] {
  const lists = Array.from({ length: partitions }, (): Input<V>[] => []);
  for (const event of events) if (typeof event !== 'string') lists[event.partition]?.push(event);
  return lists;
}

/** Plays a history, faults included, on a driver of its own. */
export function playHistory<V>(
  topology: Topology,
  { partitions, events }: History<V | undefined>,
  serdes: { key: Serde<string>; value: Serde<V> },
): TopologyTestDriver {
  const driver = new TopologyTestDriver(topology, { partitions, commits: 'manual' });
  play(driver, events, ({ topic, key, value, timestamp, partition }) => {
    driver.input(topic, serdes).pipe(key, value, timestamp, { partition });
  });
  return driver;
}

/** An output record as tests compare it. */
export type Out<V> = readonly [key: string, value: V | undefined, timestamp: number];

/** What was committed to a topic, partition by partition. */
export function committedTo<V>(
  driver: TopologyTestDriver,
  topic: string,
  { partitions }: { partitions: number },
  serdes: { key: Serde<string>; value: Serde<V> },
): Out<V>[][] {
  const lists = Array.from({ length: partitions }, (): Out<V>[] => []);
  const records: OutputRecord<string, V>[] = driver.output(topic, serdes).readAll();
  for (const { key, value, timestamp, partition } of records) {
    lists[partition]?.push([key ?? '', value, timestamp]);
  }
  return lists;
}
