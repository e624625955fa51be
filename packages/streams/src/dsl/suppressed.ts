// How a table is suppressed: until its windows close, or for a time, in a buffer with bounds.
import { milliseconds, type Duration } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import type { Windowed } from '../api/record.ts';
import type { WhenFull } from '../operators/suppress.ts';
import type { Named } from './options.ts';

/** Bounds of the buffer of a suppression: what is over one of them leaves, or ends the application. */
export interface BufferConfig extends Named {
  /** How many keys may wait; unbounded unless given. */
  maxRecords?: number;
  /** About how many bytes of keys and values may wait; unbounded unless given. */
  maxBytes?: number;
  /** false: kept without a changelog; a crash loses it. Default true. */
  changelog?: boolean;
}

/** A buffer that must never give anything early: when it is full, the application ends with BUFFER_FULL. */
export interface StrictBufferConfig extends BufferConfig {
  whenFull?: 'shutDown';
}

/**
 * A buffer that, when it is full, gives what has waited longest early (`emitEarly`, the default), or ends the
 * application with BUFFER_FULL (`shutDown`).
 */
export interface EagerBufferConfig extends BufferConfig {
  whenFull?: WhenFull;
}

/** How a table is suppressed: what {@link untilWindowCloses} and {@link untilTimeLimit} return. */
export interface Suppressed<in K> extends Named {
  /** Until windows close, whose grace the table says; else, how long, in milliseconds. */
  readonly limitMs: number | undefined;
  readonly timeOf: (key: K, timestamp: number) => number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly whenFull: WhenFull;
  readonly changelog: boolean;
}

function bounded(
  { name, maxRecords = Infinity, maxBytes = Infinity, changelog = true }: BufferConfig,
  whenFull: WhenFull,
): Omit<Suppressed<unknown>, 'limitMs' | 'timeOf'> {
  for (const bound of [maxRecords, maxBytes])
    if (!(bound >= 0)) throw new FatalError('TOPOLOGY_INVALID', `a buffer takes 0 or more, not ${bound}`);
  return { ...(name !== undefined && { name }), maxRecords, maxBytes, whenFull, changelog };
}

/**
 * Gives the final result of each window, once: when stream time has reached its end plus the grace (of
 * sessions: plus the gap too). Removals of results that nobody has seen are dropped.
 * @example counts.suppress(untilWindowCloses())
 * @example counts.suppress(untilWindowCloses({ maxBytes: 64 * 1024 * 1024 }))
 */
export function untilWindowCloses(buffer: StrictBufferConfig = {}): Suppressed<Windowed<unknown>> {
  return { ...bounded(buffer, 'shutDown'), limitMs: undefined, timeOf: ({ end }) => end };
}

/**
 * Gives the last change of each key, this long (in stream time) after the first one that waits; earlier where
 * the buffer is full.
 * @example users.suppress(untilTimeLimit('5m', { maxRecords: 10_000 }))
 */
export function untilTimeLimit(limit: Duration, buffer: EagerBufferConfig = {}): Suppressed<unknown> {
  const { whenFull = 'emitEarly' } = buffer;
  return {
    ...bounded(buffer, whenFull),
    limitMs: milliseconds(limit),
    timeOf: (_key, timestamp) => timestamp,
  };
}
