// Aggregates of a stream by key and session: spans of activity, with a gap of inactivity between them.
// Source: Kafka Streams' KStreamSessionWindowAggregate. A record joins the sessions that are within the gap
// of it; a session takes records until stream time is the gap and the grace past its end.
import type { Change, StreamRecord, Timestamped, Windowed } from '../api/record.ts';
import type { Processor, ProcessorContext, ProcessorSupplier, StepClock } from '../api/processor.ts';
import type { SessionStore } from '../api/session-store.ts';
import { isAbsent, type Adder } from './aggregate.ts';
import { ClosingWindows } from './closing-windows.ts';
import type { WindowStep } from './window-output.ts';
import { lateOutput } from './window-aggregate.ts';

/** Sessions: what `sessions` returns. In milliseconds. */
export interface SessionWindows {
  readonly gapMs: number;
  readonly graceMs: number;
}

/** Joins two aggregates of a key, of the earlier session and of the later one. */
export type Merger<K, A> = (key: K, earlier: A, later: A) => A;

/** What a session aggregate does with records and sessions. */
export interface SessionAggregation<K, V, A> {
  /** What a session begins with; undefined: its first value stands for itself. */
  readonly initial: () => A | undefined;
  readonly add: Adder<K, V, A>;
  readonly merge: (key: K, earlier: A | undefined, later: A) => A;
}

/** Where a session aggregate keeps its sessions, and how it gives them. */
export interface SessionStep<K> extends WindowStep<K> {
  readonly windows: SessionWindows;
}

/** Aggregates records by key and session; what is too late for its session goes to `late`. */
export function sessionAggregate<K, V, A>(
  { store, windows, clock: clockName, emit, oldValues, textOf }: SessionStep<K>,
  { initial, add, merge }: SessionAggregation<K, V, A>,
): ProcessorSupplier<K, V, Windowed<K>, Change<A>> {
  const { gapMs, graceMs } = windows;
  return function createSessionAggregate(): Processor<K, V, Windowed<K>, Change<A>> {
    let context: ProcessorContext<Windowed<K>, Change<A>>;
    let sessions: SessionStore<K, A>;
    let clock: StepClock;
    let closing: ClosingWindows<K, A> | undefined;

    function pass(window: Windowed<K>, value: Change<A>, headers: StreamRecord<K, V>['headers']): void {
      context.forward({ key: window, value, timestamp: window.end, headers });
    }

    function emitWritten(): void {
      for (const [key, { start, end, value: newValue }] of sessions.written()) {
        const oldValue = oldValues.wanted ? sessions.before(key, start, end) : undefined;
        pass({ key, start, end }, { newValue, oldValue }, []);
      }
    }

    function* all(): Generator<Windowed<K>> {
      for (const [key, session] of sessions.fetchAll(0, Number.MAX_SAFE_INTEGER))
        yield windowOf(key, session);
    }

    function read({ key, start, end }: Windowed<K>): Timestamped<A> | undefined {
      const value = sessions.fetchSession(key, start, end);
      return value === undefined ? undefined : { value, timestamp: end };
    }

    return {
      init(given) {
        context = given;
        sessions = given.sessionStore(store);
        clock = given.clock(clockName);
        if (emit === 'commit') given.onCommit({ beforeCommit: emitWritten, afterAbort() {} });
        if (emit === 'close') closing = new ClosingWindows({ context, store, textOf, all, read });
      },
      process(record) {
        const { key, value, timestamp, headers } = record;
        if (isAbsent(key) || isAbsent(value)) {
          context.dropped('null-key-or-value');
          return;
        }
        const closed = clock.advance(timestamp) - graceMs - gapMs;
        const merged = sessions.findSessions(key, timestamp - gapMs, timestamp + gapMs);
        let start = timestamp;
        let end = timestamp;
        let aggregate = initial();
        for (const session of merged) {
          aggregate = merge(key, aggregate, session.value);
          start = Math.min(start, session.start);
          end = Math.max(end, session.end);
        }
        if (end < closed) {
          context.late();
          context.forwardTo(lateOutput, record);
          return;
        }
        const newValue = add(key, value, aggregate);
        // A session that is only the record's own moment is rewritten, not replaced.
        const replaced = start === timestamp && end === timestamp ? [] : merged;
        // Before anything is passed on: what fails further down must not leave half of a merge.
        for (const session of replaced) sessions.remove(key, session.start, session.end);
        sessions.put(key, start, end, newValue);
        closing?.opened({ key, start, end });
        if (emit === 'update') {
          for (const session of replaced)
            pass(windowOf(key, session), { newValue: undefined, oldValue: session.value }, headers);
          const oldValue = replaced.length === 0 ? merged[0]?.value : undefined;
          pass({ key, start, end }, { newValue, oldValue }, headers);
        }
        closing?.close(closed - 1, headers);
      },
    };
  };
}

function windowOf<K>(key: K, { start, end }: { start: number; end: number }): Windowed<K> {
  return { key, start, end };
}
