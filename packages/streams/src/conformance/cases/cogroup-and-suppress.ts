// Recorded cases: several streams aggregated together, and tables that are suppressed.
import { sessions, tumbling } from '../../dsl/windows.ts';
import { untilTimeLimit, untilWindowCloses } from '../../dsl/suppressed.ts';
import type { CogroupedKStream } from '../../dsl/cogrouped-stream.ts';
import type { Suppressed } from '../../dsl/suppressed.ts';
import type { StreamsBuilder } from '../../dsl/streams-builder.ts';
import { param, strings, type CaseParams, type Cases } from './case.ts';
import { append, mergeTexts, sessionsOf, tumblingOf, writeWindowed } from './sessions-and-sliding.ts';

const empty = (): string => '';

function cogrouped(builder: StreamsBuilder): CogroupedKStream<string, string, string> {
  return builder
    .stream('a', strings)
    .groupByKey()
    .cogroup(append)
    .cogroup(builder.stream('b', strings).groupByKey(), (_key, value, all) => all + value.toUpperCase());
}

function untilLimit(params: CaseParams): Suppressed<unknown> {
  return untilTimeLimit(param(params, 'limit'), { maxRecords: param(params, 'records') });
}

/** See the top of this file. */
export const cogroupAndSuppress: Cases = {
  'cogroup-concat': (builder) => cogrouped(builder).aggregate(empty, strings).toStream().to('out', strings),
  'cogroup-tumbling-concat': (builder, params) => {
    const windows = tumbling({ size: param(params, 'size'), grace: param(params, 'grace') });
    writeWindowed(cogrouped(builder).windowedBy(windows).aggregate(empty, strings));
  },
  'cogroup-session-concat': (builder, params) => {
    const windows = sessions({ gap: param(params, 'gap'), grace: param(params, 'grace') });
    writeWindowed(cogrouped(builder).windowedBy(windows).aggregate(empty, mergeTexts, strings));
  },
  'tumbling-count-suppressed-until-close': (builder, params) =>
    writeWindowed(tumblingOf(builder, params).count().suppress(untilWindowCloses())),
  'session-count-suppressed-until-close': (builder, params) =>
    writeWindowed(sessionsOf(builder, params).count().suppress(untilWindowCloses())),
  'tumbling-count-suppressed-until-time-limit': (builder, params) =>
    writeWindowed(tumblingOf(builder, params).count().suppress(untilLimit(params))),
  'table-suppressed-until-time-limit': (builder, params) =>
    builder.table('a', strings).suppress(untilLimit(params)).toStream().to('out', strings),
};
