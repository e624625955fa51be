// The topologies whose behaviour was recorded from Kafka Streams itself, one for each case of the vectors.
import { hopping, tumbling } from '../dsl/windows.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { KTable } from '../dsl/table.ts';
import type { Windowed } from '../api/record.ts';
import { stringSerde } from '../api/serde.ts';
import type { Topology } from '../topology/topology.ts';

/** Milliseconds by name, as the vectors give them. */
export type CaseParams = Readonly<Record<string, number>>;

const strings = { key: stringSerde, value: stringSerde };

function param(params: CaseParams, name: string): number {
  const value = params[name];
  if (value === undefined) throw new Error(`the vectors give no ${name}`);
  return value;
}

function windowedCounts(table: KTable<Windowed<string>, number>): void {
  table
    .toStream()
    .map(({ key, start, end }, count) => [
      `${key}@${start}/${end}`,
      count === undefined ? undefined : String(count),
    ])
    .to('out', strings);
}

function counts(table: KTable<string, number>): void {
  table.mapValues(String).toStream().to('out', strings);
}

const cases: Readonly<Record<string, (builder: StreamsBuilder, params: CaseParams) => void>> = {
  'count-by-key': (builder) => counts(builder.stream('a', strings).groupByKey().count()),
  'reduce-concat': (builder) =>
    builder
      .stream('a', strings)
      .groupByKey()
      .reduce((x, y) => x + y)
      .toStream()
      .to('out', strings),
  'count-by-value-repartitioned': (builder) =>
    counts(
      builder
        .stream('a', strings)
        .groupBy((_key, value) => value, strings)
        .count(),
    ),
  'tumbling-count': (builder, params) =>
    windowedCounts(
      builder
        .stream('a', strings)
        .groupByKey()
        .windowedBy(tumbling({ size: param(params, 'size'), grace: param(params, 'grace') }))
        .count(),
    ),
  'hopping-count': (builder, params) =>
    windowedCounts(
      builder
        .stream('a', strings)
        .groupByKey()
        .windowedBy(
          hopping({
            size: param(params, 'size'),
            advance: param(params, 'advance'),
            grace: param(params, 'grace'),
          }),
        )
        .count(),
    ),
  'table-filter-mapvalues': (builder) =>
    builder
      .table('a', strings)
      .filter((value) => value < 'm')
      .mapValues((value) => value.toUpperCase())
      .toStream()
      .to('out', strings),
  'table-groupby-count': (builder) =>
    counts(
      builder
        .table('a', strings)
        .groupBy((key, value) => [value, key], strings)
        .count(),
    ),
};

/** The topology of a case; undefined where its operators are not there yet. */
export function caseTopology(name: string, params: CaseParams): Topology | undefined {
  const declare = cases[name];
  if (!declare) return undefined;
  const builder = new StreamsBuilder();
  declare(builder, params);
  return builder.build();
}
