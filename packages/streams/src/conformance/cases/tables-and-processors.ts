// Recorded cases: streams that become tables, regrouped tables, stateless steps, and a processor.
import type { Processor, ProcessorContext } from '../../api/processor.ts';
import { numberSerde, stringSerde } from '../../api/serde.ts';
import type { KGroupedTable } from '../../dsl/grouped-table.ts';
import type { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { append } from './sessions-and-sliding.ts';
import { param, strings, type Cases } from './case.ts';

/** The bucket of a text, by its first letter. */
function bucket(text: string): string {
  return 'ABC'.charAt((text.charCodeAt(0) - 'a'.charCodeAt(0)) % 3);
}

const upperCase = (value: string): string => value.toUpperCase();

function regrouped(builder: StreamsBuilder): KGroupedTable<string, string> {
  return builder.table('a', strings).groupBy((_key, value) => [bucket(value), value], strings);
}

/** Passes on values whose bucket differs from the key's last; from time to time, every key's count. */
function countsAndBuckets(every: number): () => Processor<string, string, string, string> {
  return function createCountsAndBuckets() {
    let pass: (key: string, value: string, timestamp: number) => void;
    let handle: (key: string, value: string, timestamp: number) => void;
    return {
      init(context: ProcessorContext<string, string>) {
        const counts = context.keyValueStore<string, number>('counts');
        const buckets = context.keyValueStore<string, string>('buckets');
        pass = (key, value, timestamp) => context.forward({ key, value, timestamp, headers: [] });
        handle = (key, value, timestamp) => {
          counts.update(key, timestamp, (n = 0) => n + 1);
          if (buckets.get(key) === bucket(value)) return;
          buckets.put(key, bucket(value), timestamp);
          pass(key, value + bucket(value), timestamp);
        };
        context.schedule(every, 'stream-time', (time) => {
          for (const [key, count] of counts.all()) pass(key, `n${count}`, time);
        });
      },
      process: ({ key, value, timestamp }) => handle(key, value, timestamp),
    };
  };
}

/** See the top of this file. */
export const tablesAndProcessors: Cases = {
  'stream-to-table': (builder) => builder.stream('a', strings).toTable().toStream().to('out', strings),
  'stream-rekeyed-to-table': (builder) =>
    builder
      .stream('a', { key: stringSerde, value: stringSerde })
      .selectKey((key, value: string | undefined) => (value === undefined ? key : bucket(value)), strings)
      .toTable({ ...strings, store: 'rekeyed' })
      .mapValues(upperCase)
      .toStream()
      .to('out', strings),
  'table-regroup-concat': (builder) =>
    regrouped(builder)
      .reduce(
        (x, y) => `${x}+${y}`,
        (x, y) => `${x}-${y}`,
      )
      .toStream()
      .to('out', strings),
  'table-regroup-multiset': (builder) =>
    regrouped(builder)
      .aggregate(
        () => '',
        append,
        (_key, value, all) => all.replace(value, '') || undefined,
        strings,
      )
      .toStream()
      .to('out', strings),
  'stateless-mix': (builder) => {
    const shouted = builder.stream('b', strings).mapValues(upperCase, strings);
    const { low, middle, high } = builder
      .stream('a', strings)
      .merge(shouted)
      .split()
      .branch('low', (value) => value < 'M')
      .branch('middle', (value) => value < 'j')
      .defaultBranch('high');
    const swapped = low.flatMap((key, value) => [[key, value] as const, [value, key] as const], strings);
    const consonants = middle.filterNot((value) => 'aeiou'.includes(value));
    const rekeyed = consonants.selectKey((key, value) => value + key, strings);
    const doubled = high.flatMapValues((value, key) => (key === 'A' ? [] : [value, value + value]), strings);
    swapped.merge(rekeyed).merge(doubled).to('out', strings);
  },
  'process-dedupe-punctuate': (builder, params) => {
    const stores = [
      builder.addStore({ name: 'counts', kind: 'keyValue', key: stringSerde, value: numberSerde }),
      builder.addStore({ name: 'buckets', kind: 'keyValue', key: stringSerde, value: stringSerde }),
    ];
    const supplier = countsAndBuckets(param(params, 'every'));
    builder
      .stream('a', strings)
      .process(supplier, { stores, ...strings })
      .to('out', strings);
  },
};
