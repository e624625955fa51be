// Recorded cases: sessions and sliding windows.
import { hopping, sessions, sliding, tumbling } from '../../dsl/windows.ts';
import type { KTable } from '../../dsl/table.ts';
import type { SessionWindowedKStream } from '../../dsl/session-windowed-stream.ts';
import type { TimeWindowedKStream } from '../../dsl/time-windowed-stream.ts';
import type { StreamsBuilder } from '../../dsl/streams-builder.ts';
import type { Windowed } from '../../api/record.ts';
import { param, strings, type CaseParams, type Cases } from './case.ts';

/** Writes a windowed table with its keys as the vectors have them. */
export function writeWindowed<V>(table: KTable<Windowed<string>, V>, tombstone?: string): void {
  table
    .toStream()
    .map(({ key, start, end }, value) => [
      `${key}@${start}/${end}`,
      value === undefined ? tombstone : String(value),
    ])
    .to('out', strings);
}

/** An aggregate of all values, and of two sessions. */
export const append = (_key: string, value: string, all: string): string => all + value;
export const mergeTexts = (_key: string, x: string, y: string): string => `(${x}|${y})`;

export function sessionsOf(
  builder: StreamsBuilder,
  params: CaseParams,
): SessionWindowedKStream<string, string> {
  const windows = sessions({ gap: param(params, 'gap'), grace: param(params, 'grace') });
  return builder.stream('a', strings).groupByKey().windowedBy(windows);
}

/** Stream `a` in windows of each kind. */
function slidingOf(builder: StreamsBuilder, params: CaseParams): TimeWindowedKStream<string, string> {
  const windows = sliding({ timeDifference: param(params, 'size'), grace: param(params, 'grace') });
  return builder.stream('a', strings).groupByKey().windowedBy(windows);
}

export function tumblingOf(builder: StreamsBuilder, params: CaseParams): TimeWindowedKStream<string, string> {
  const windows = tumbling({ size: param(params, 'size'), grace: param(params, 'grace') });
  return builder.stream('a', strings).groupByKey().windowedBy(windows);
}

/** See the top of this file. */
export const sessionsAndSliding: Cases = {
  'session-count': (builder, params) => writeWindowed(sessionsOf(builder, params).count(), 'null'),
  'session-concat': (builder, params) => writeWindowed(sessionsOf(builder, params).reduce((x, y) => x + y)),
  'session-aggregate-merge': (builder, params) =>
    writeWindowed(sessionsOf(builder, params).aggregate(() => '', append, mergeTexts, strings)),
  'session-count-on-window-close': (builder, params) =>
    writeWindowed(sessionsOf(builder, params).emitStrategy('onWindowClose').count()),
  'sliding-count': (builder, params) => writeWindowed(slidingOf(builder, params).count()),
  'sliding-aggregate': (builder, params) =>
    writeWindowed(slidingOf(builder, params).aggregate(() => '', append, strings)),
  'sliding-count-on-window-close': (builder, params) =>
    writeWindowed(slidingOf(builder, params).emitStrategy('onWindowClose').count()),
  'tumbling-count-on-window-close': (builder, params) =>
    writeWindowed(tumblingOf(builder, params).emitStrategy('onWindowClose').count()),
  'windowed-concat': (builder, params) => {
    const [size, advance, grace] = ['size', 'advance', 'grace'].map((name) => param(params, name));
    const windows = hopping({ size: size ?? 0, advance: advance ?? 0, grace: grace ?? 0 });
    const grouped = builder.stream('a', strings).groupByKey().windowedBy(windows);
    writeWindowed(grouped.reduce((x, y) => x + y));
  },
};
