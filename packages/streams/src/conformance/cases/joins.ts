// Recorded cases: joins of streams and tables.
import { stringSerde } from '../../api/serde.ts';
import { joinWindows } from '../../dsl/join-windows.ts';
import type { KStream } from '../../dsl/stream.ts';
import type { KTable } from '../../dsl/table.ts';
import type { JoinWindows } from '../../operators/stream-join.ts';
import { bucket, param, strings, type CaseParams, type Cases } from './case.ts';

function joinValues(left: string | undefined, right: string | undefined): string {
  return `${left ?? 'null'}+${right ?? 'null'}`;
}

function windowsOf(params: CaseParams): JoinWindows {
  const grace = param(params, 'grace');
  if ('within' in params) return joinWindows({ within: param(params, 'within'), grace });
  return joinWindows({ before: param(params, 'before'), after: param(params, 'after'), grace });
}

type Join<Left, Right, Out = Left> = (left: Left, right: Right, params: CaseParams) => Out;

function streamStream(join: Join<KStream<string, string>, KStream<string, string>>): Cases[string] {
  return (builder, params) =>
    join(builder.stream('a', strings), builder.stream('b', strings), params).to('out', strings);
}

function selfJoin(singleStore: boolean): Cases[string] {
  return (builder, params) => {
    const stream = builder.stream('a', strings);
    stream.join(stream, joinValues, windowsOf(params), { singleStore }).to('out', strings);
  };
}

function streamTable(join: Join<KStream<string, string>, KTable<string, string>>): Cases[string] {
  return (builder, params) =>
    join(builder.stream('a', strings), builder.table('b', strings), params).to('out', strings);
}

function tableTable(
  join: Join<KTable<string, string>, KTable<string, string>>,
  isFiltered = false,
): Cases[string] {
  return (builder, params) => {
    const [a, b] = [builder.table('a', strings), builder.table('b', strings)];
    const joined = isFiltered
      ? join(
          a.filter((value) => value < 'p'),
          b.filterNot((value) => value < 'h'),
          params,
        ).filter(endsEarly)
      : join(a, b, params);
    joined.toStream().to('out', strings);
  };
}

type Key = string | null;

function globalTable(kind: 'inner' | 'left', keyOf: (key: string, value: string) => Key): Cases[string] {
  return (builder) => {
    const [a, b] = [builder.stream('a', strings), builder.globalTable('b', strings)];
    const joined = kind === 'inner' ? a.join(b, keyOf, joinValues) : a.leftJoin(b, keyOf, joinValues);
    joined.to('out', strings);
  };
}

function bucketOf(_key: string, value: string | null | undefined): Key {
  return value === null || value === undefined || value >= 'x' ? null : bucket(value);
}

function repartitioned(kind: 'inner' | 'left'): Cases[string] {
  return (builder) => {
    const byBucket = builder
      .stream('a', strings)
      .selectKey((key, value: string | undefined) => (value === undefined ? key : bucket(value)), strings)
      .repartition(strings);
    const table = builder.table('b', strings);
    const joined = kind === 'inner' ? byBucket.join(table, joinValues) : byBucket.leftJoin(table, joinValues);
    joined.to('out', strings);
  };
}

function foreignKey(kind: 'inner' | 'left'): Cases[string] {
  return (builder) => {
    const [a, b] = [builder.table('a', strings), builder.table('b', strings)];
    const keyOf = (value: string): Key => (value.startsWith('E') ? null : value.charAt(0));
    const joined =
      kind === 'inner'
        ? a.join(b, keyOf, joinValues, { value: stringSerde })
        : a.leftJoin(b, keyOf, joinValues, { value: stringSerde });
    joined.toStream().to('out', strings);
  };
}

function versioned(kind: 'inner' | 'left'): Cases[string] {
  return (builder, params) => {
    const a = builder.stream('a', strings);
    const b = builder.table('b', strings, { historyRetention: param(params, 'history') });
    const joined = 'grace' in params ? { grace: param(params, 'grace') } : {};
    (kind === 'inner' ? a.join(b, joinValues, joined) : a.leftJoin(b, joinValues, joined)).to('out', strings);
  };
}

function endsEarly(value: string): boolean {
  return !/[s-z]$/.test(value);
}

const tables = {
  inner: (a: KTable<string, string>, b: KTable<string, string>) => a.join(b, joinValues),
  left: (a: KTable<string, string>, b: KTable<string, string>) => a.leftJoin(b, joinValues),
  outer: (a: KTable<string, string>, b: KTable<string, string>) => a.outerJoin(b, joinValues),
};

const streams = {
  inner: streamStream((a, b, params) => a.join(b, joinValues, windowsOf(params))),
  left: streamStream((a, b, params) => a.leftJoin(b, joinValues, windowsOf(params))),
  outer: streamStream((a, b, params) => a.outerJoin(b, joinValues, windowsOf(params))),
};

/** See the top of this file. */
export const joins: Cases = {
  'stream-stream-inner-join': streams.inner,
  'stream-stream-left-join': streams.left,
  'stream-stream-outer-join': streams.outer,
  'stream-stream-inner-join-asymmetric': streams.inner,
  'stream-stream-left-join-asymmetric': streams.left,
  'stream-stream-outer-join-asymmetric': streams.outer,
  'stream-stream-self-join': selfJoin(false),
  'stream-stream-self-join-optimized': selfJoin(true),
  'table-table-inner-join': tableTable(tables.inner),
  'table-table-left-join': tableTable(tables.left),
  'table-table-outer-join': tableTable(tables.outer),
  'table-table-inner-join-filtered': tableTable(tables.inner, true),
  'table-table-left-join-filtered': tableTable(tables.left, true),
  'table-table-outer-join-filtered': tableTable(tables.outer, true),
  'stream-globaltable-inner-join-on-key': globalTable('inner', (key) => key),
  'stream-globaltable-left-join-on-key': globalTable('left', (key) => key),
  'stream-globaltable-inner-join-on-value': globalTable('inner', bucketOf),
  'stream-globaltable-left-join-on-value': globalTable('left', bucketOf),
  'repartition-stream-table-inner-join': repartitioned('inner'),
  'repartition-stream-table-left-join': repartitioned('left'),
  'table-table-foreign-key-inner-join': foreignKey('inner'),
  'table-table-foreign-key-left-join': foreignKey('left'),
  'stream-versioned-table-inner-join': versioned('inner'),
  'stream-versioned-table-left-join': versioned('left'),
  'stream-table-inner-join': streamTable((a, b) => a.join(b, joinValues)),
  'stream-table-left-join': streamTable((a, b) => a.leftJoin(b, joinValues)),
};
