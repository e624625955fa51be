// Recorded cases: joins of streams and tables.
import { joinWindows } from '../../dsl/join-windows.ts';
import type { KStream } from '../../dsl/stream.ts';
import type { KTable } from '../../dsl/table.ts';
import type { JoinWindows } from '../../operators/stream-join.ts';
import { param, strings, type CaseParams, type Cases } from './case.ts';

function joinValues(left: string | undefined, right: string | undefined): string {
  return `${left ?? 'null'}+${right ?? 'null'}`;
}

function windowsOf(params: CaseParams): JoinWindows {
  const grace = param(params, 'grace');
  if ('within' in params) return joinWindows({ within: param(params, 'within'), grace });
  return joinWindows({ before: param(params, 'before'), after: param(params, 'after'), grace });
}

type Join<Left, Right> = (left: Left, right: Right, params: CaseParams) => KStream<string, string>;

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
  'stream-table-inner-join': streamTable((a, b) => a.join(b, joinValues)),
  'stream-table-left-join': streamTable((a, b) => a.leftJoin(b, joinValues)),
};
