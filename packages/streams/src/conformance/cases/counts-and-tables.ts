// Recorded cases: counts, reductions, windows of time, and tables.
import { hopping, tumbling } from '../../dsl/windows.ts';
import type { KTable } from '../../dsl/table.ts';
import type { Windowed } from '../../api/record.ts';
import { param, strings, type Cases } from './case.ts';

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

/** See the top of this file. */
export const countsAndTables: Cases = {
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
