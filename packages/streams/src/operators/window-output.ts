// How an aggregate of windows gives its results: each change, the last one before a commit, or when the
// window closes.
import type { ProcessorContext } from '../api/processor.ts';
import type { Change, RecordHeaders, Timestamped, Windowed } from '../api/record.ts';
import type { WindowStore } from '../api/stores.ts';
import type { Emit } from './aggregate.ts';
import { ClosingWindows } from './closing-windows.ts';
import type { OldValues } from './old-values.ts';

/**
 * When the results of windows come out: see {@link Emit}; `close`: once, when the window is closed;
 * `elsewhere`: by another step that shares the store.
 */
export type WindowEmit = Emit | 'close' | 'elsewhere';

/** Where an aggregate of windows keeps its results, and how it gives them. */
export interface WindowStep<K> {
  readonly store: string;
  /** The clock that says what is late. */
  readonly clock: string;
  readonly emit: WindowEmit;
  readonly oldValues: OldValues;
  /** The text of a key, which orders windows that close together. */
  readonly textOf: (key: K) => string;
}

/** A window's new result. */
export interface WindowChange<A> extends Change<A> {
  readonly start: number;
  readonly timestamp: number;
}

/** See the top of this file. */
export interface WindowOutput<K, A> {
  /** A window has a new result, which is in the store. */
  updated(key: K, change: WindowChange<A>, headers: RecordHeaders): void;
  /** Windows that end at a time or before take no more records. */
  close(until: number, headers: RecordHeaders): void;
}

/** The output of an aggregate whose windows, all of one size, are in a window store: call it in `init`. */
export function windowOutput<K, A>(
  context: ProcessorContext<Windowed<K>, Change<A>>,
  results: WindowStore<K, A>,
  { store, emit, oldValues, textOf }: WindowStep<K>,
  size: number,
): WindowOutput<K, A> {
  const windowAt = (key: K, start: number): Windowed<K> => ({ key, start, end: start + size });

  function emitWritten(): void {
    for (const [key, start, { value: newValue, timestamp }] of results.written()) {
      const oldValue = oldValues.wanted ? results.before(key, start) : undefined;
      context.forward({ key: windowAt(key, start), value: { newValue, oldValue }, timestamp, headers: [] });
    }
  }

  function* all(): Generator<Windowed<K>> {
    for (const [key, start] of results.fetchAll(0, Number.MAX_SAFE_INTEGER)) yield windowAt(key, start);
  }

  function read({ key, start }: Windowed<K>): Timestamped<A> | undefined {
    return results.fetchTimestamped(key, start);
  }

  if (emit === 'commit') context.onCommit({ beforeCommit: emitWritten, afterAbort() {} });
  const closing =
    emit === 'close' ? new ClosingWindows<K, A>({ context, store, textOf, all, read }) : undefined;
  return {
    updated(key, { start, newValue, oldValue, timestamp }, headers) {
      if (emit === 'update')
        context.forward({ key: windowAt(key, start), value: { newValue, oldValue }, timestamp, headers });
      else closing?.opened(windowAt(key, start));
    },
    close(until, headers) {
      closing?.close(until, headers);
    },
  };
}
