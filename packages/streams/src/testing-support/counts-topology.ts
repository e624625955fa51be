// The topology that the tests with real processes run: everything that could count something twice.
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
  /** Where a processor says by the time of day that it is alive; not made unless given. */
  ticks?: string;
}

/** What the topology can be told. */
export interface CountsOptions {
  topics: CountsTopics;
  /** Throws at this id. */
  poison?: string;
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
export default function countsTopology({ topics, poison }: CountsOptions): Topology {
  const builder = new StreamsBuilder();
  const input = builder.stream(topics.input, strings).peek((_key, value) => {
    if (value === poison) throw new Error(`cannot take ${value}`);
  });
  if (topics.ticks !== undefined) {
    input
      .process(ticker(20), { name: 'ticker', ...strings })
      .to(topics.ticks, { partitioner: (_record, _count, source) => source });
  }
  const unique = input.dedupe({ by: (value) => value, within: '1d' });
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
  return builder.build();
}
