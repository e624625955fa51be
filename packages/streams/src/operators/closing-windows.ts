// The windows of a step that are not closed yet, for results that come out when a window closes.
// Source: Kafka Streams' EmitStrategy.onWindowClose. It looks the store up by time; here the windows that
// wait are in memory, and are read from the store after a start or an abort.
import { windowSuffix } from '../api/key-text.ts';
import type { ProcessorContext, StepClock } from '../api/processor.ts';
import type { Change, RecordHeaders, Timestamped, Windowed } from '../api/record.ts';
import { TimeHeap, type Waiting } from '../api/time-heap.ts';

/** Where windows and their results are. */
export interface ClosingWindowsOptions<K, A> {
  context: ProcessorContext<Windowed<K>, Change<A>>;
  store: string;
  /** The text of a key, by which windows of one time are ordered. */
  textOf: (key: K) => string;
  /** Every window that the store has. */
  all: () => Iterable<Windowed<K>>;
  /** The result of a window; undefined where it is gone. */
  read: (window: Windowed<K>) => Timestamped<A> | undefined;
}

interface Open<K> extends Waiting {
  readonly window: Windowed<K>;
}

interface Index<K> {
  readonly heap: TimeHeap<Open<K>>;
  readonly names: Set<string>;
}

/** See the top of this file. */
export class ClosingWindows<K, A> {
  readonly #options: ClosingWindowsOptions<K, A>;
  /** Up to when windows were closed. */
  readonly #emitted: StepClock;
  #index: Index<K> | undefined;

  constructor(options: ClosingWindowsOptions<K, A>) {
    this.#options = options;
    const { context, store } = options;
    this.#emitted = context.clock(`${store}/emitted`);
    context.onCommit({ beforeCommit() {}, afterAbort: () => (this.#index = undefined) });
  }

  /** Takes note of a window that was written. */
  opened(window: Windowed<K>): void {
    // Before the first close everything is in the store, and is read from there.
    if (this.#index) this.#add(this.#index, window);
  }

  /** Passes on the results of the windows that end at a time or before, the earliest first. */
  close(until: number, headers: RecordHeaders): void {
    const { context, read } = this.#options;
    if (until <= this.#emitted.time) return;
    const { heap, names } = (this.#index ??= this.#load());
    for (let first = heap.first(); first && first.time <= until; first = heap.first()) {
      heap.remove(first);
      names.delete(nameOf(first));
      const { window } = first;
      const result = read(window);
      if (!result) continue;
      const value = { newValue: result.value, oldValue: undefined };
      context.forwardAlone({ key: window, value, timestamp: result.timestamp, headers });
    }
    this.#emitted.advance(until);
  }

  #load(): Index<K> {
    const index: Index<K> = { heap: new TimeHeap(), names: new Set() };
    for (const window of this.#options.all()) if (window.end > this.#emitted.time) this.#add(index, window);
    return index;
  }

  #add({ heap, names }: Index<K>, window: Windowed<K>): void {
    const key = windowSuffix(window.start) + this.#options.textOf(window.key);
    const open = { time: window.end, key, window };
    const name = nameOf(open);
    if (names.has(name)) return;
    names.add(name);
    heap.add(open);
  }
}

function nameOf({ time, key }: Waiting): string {
  return windowSuffix(time) + key;
}
