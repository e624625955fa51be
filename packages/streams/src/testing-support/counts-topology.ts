// The topology that the tests with real processes run: everything that could count something twice.
import { existsSync, unlinkSync } from 'node:fs';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { tumbling } from '../dsl/windows.ts';
import { numberSerde, stringSerde } from '../api/serde.ts';
import type { Processor, ProcessorContext } from '../api/processor.ts';
import type { Topology } from '../topology/topology.ts';

/** The topics of one test. */
export interface CountsTopics {
  input: string;
  /** Each id once: copies are dropped. */
  copies: string;
  /** By key, how many different ids it has had: 1, 2, 3, … */
  counts: string;
  /** The same by the last digit of the id, through a repartition topic. */
  digits: string;
  /** The same by key and minute. */
  windows: string;
  /** Each id once in {@link recentMs}; not made unless given. */
  recent?: string;
  /** Where a processor says by the time of day that it is alive; not made unless given. */
  ticks?: string;
}

/** What the topology can be told. */
export interface CountsOptions {
  topics: CountsTopics;
  /** Throws at this id. */
  poison?: string;
  /** How many entries of the dedupe stores become a run, so that small runs have many of them. */
  runEntries?: number;
  /**
   * While this file is there, the first thread that processes a record
   * deletes it and stands still for so long.
   */
  stall?: { file: string; ms: number };
  /** How long the first step takes for each record, in milliseconds. */
  stepMs?: number;
}

/** Works for so long. */
export function spin(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

/** How long ids of the topic `recent` are remembered: short, so that segments are dropped during a run. */
export const recentMs: number = 60_000;

/** Stands still, as a thread does that a slow step or a long garbage collection holds up. */
function staller({ file, ms }: { file: string; ms: number }): () => void {
  let n = 0;
  return function stallOnce(): void {
    if (n++ % 50 !== 0 || !existsSync(file)) return;
    try {
      unlinkSync(file);
    } catch {
      return;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  };
}

const strings = { key: stringSerde, value: stringSerde };

/** Ticks with a name of its own for each life of the processor, into the partition it works on. */
function ticker(everyMs: number): () => Processor<string, string, string, string> {
  return function createTicker(): Processor<string, string, string, string> {
    const life = `${process.pid}-${Math.random().toString(36).slice(2)}`;
    return {
      init(context: ProcessorContext<string, string>) {
        let n = 0;
        context.schedule(everyMs, 'wall-clock', (time) =>
          context.forward({ key: life, value: `${n++}`, timestamp: time, headers: [] }),
        );
      },
      process() {},
    };
  };
}

/** Builds the topology. */
export default function countsTopology({
  topics,
  poison,
  runEntries,
  stall,
  stepMs = 0,
}: CountsOptions): Topology {
  const builder = new StreamsBuilder();
  const stallOnce = stall && staller(stall);
  const input = builder.stream(topics.input, strings).peek((_key, value) => {
    if (poison !== undefined && value === poison) throw new Error(`cannot take ${value}`);
    stallOnce?.();
    spin(stepMs);
  });
  if (topics.ticks !== undefined) {
    input
      .process(ticker(20), { name: 'ticker', ...strings })
      .to(topics.ticks, { partitioner: (_record, _count, source) => source });
  }
  const unique = input.dedupe({ by: (value) => value, within: '1d', name: 'once' });
  unique.to(topics.copies);
  unique.groupByKey().count({ store: 'by-key' }).toStream().to(topics.counts);
  unique
    .groupBy((_key, value) => `digit ${value.slice(-1)}`, strings)
    .count({ store: 'by-digit' })
    .toStream()
    .to(topics.digits);
  unique
    .groupByKey()
    .windowedBy(tumbling({ size: '1m', grace: '1d' }))
    .count({ store: 'by-minute' })
    .toStream()
    .to(topics.windows, { value: numberSerde });
  if (topics.recent !== undefined) {
    input.dedupe({ by: (value) => value, within: recentMs, name: 'recent' }).to(topics.recent);
  }
  const topology = builder.build();
  if (runEntries === undefined) return topology;
  for (const { stores } of topology.subTopologies)
    for (const store of stores) if (store.kind === 'expiring') Object.assign(store, { runEntries });
  return topology;
}
