// The stores and the steps of aggregates over windows of one size: what streams and cogroups share.
import type { Serde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import type { Change, Windowed } from '../api/record.ts';
import type { ProcessorSupplier } from '../api/processor.ts';
import type { Adder } from '../operators/aggregate.ts';
import { slidingAggregate, startsPerMs, type SlidingWindows } from '../operators/sliding-aggregate.ts';
import { countsSerde } from '../operators/rolling-count.ts';
import { strictWindowAggregate } from '../operators/strict-window-aggregate.ts';
import type { TimeWindows } from '../operators/window-aggregate.ts';
import type { WindowStep } from '../operators/window-output.ts';
import type { Graph } from './graph.ts';

/** Windows of one size: {@link tumbling}, {@link hopping} and {@link sliding} ones. */
export type FixedWindows = TimeWindows | SlidingWindows;

/** The size of windows, in milliseconds. */
export function sizeOf(windows: FixedWindows): number {
  return 'sizeMs' in windows ? windows.sizeMs : windows.timeDifferenceMs;
}

/** How the results of a windowed aggregate are kept. */
export interface WindowedResult<K, A> {
  store?: string;
  key: Serde<K>;
  value: Serde<A>;
  changelog?: boolean;
}

/** The stores of a windowed aggregate: of its results, and of what finds the windows of a key. */
export interface WindowedStores {
  readonly results: StoreSpec;
  readonly starts: StoreSpec | undefined;
}

/**
 * Declares the stores of a windowed aggregate at a node. They keep windows as long as Kafka Streams does, by
 * the newest window. `closing`: results come out when windows close.
 */
export function windowedStores<K, A>(
  graph: Graph,
  node: string,
  windows: FixedWindows,
  { store, key, value, changelog = true }: WindowedResult<K, A>,
  closing: boolean,
): WindowedStores {
  const name = store ?? `${node}-store`;
  const isSliding = !('sizeMs' in windows);
  const kept = (isSliding ? 2 : 1) * sizeOf(windows) + windows.graceMs;
  const spec = { kind: 'window', keySerde: key, expiry: 'strict', changelog } as const;
  const results = graph.store({
    ...spec,
    name,
    valueSerde: value,
    // What closes as the newest window begins is still to be given.
    retentionMs: closing ? kept + 1 : kept,
    windowSizeMs: sizeOf(windows),
  });
  if (!isSliding) return { results, starts: undefined };
  const spanMs = startsPerMs(windows);
  const starts = graph.store({
    ...spec,
    name: `${name}-starts`,
    valueSerde: countsSerde,
    retentionMs: kept + spanMs,
    windowSizeMs: spanMs,
  });
  return { results, starts };
}

/** The step that aggregates into these stores. */
export function windowedStep<K, V, A>(
  windows: FixedWindows,
  { results, starts }: WindowedStores,
  step: Omit<WindowStep<K>, 'store'>,
  add: Adder<K, V, A>,
): ProcessorSupplier<K, V, Windowed<K>, Change<A>> {
  const where = { ...step, store: results.name };
  if ('sizeMs' in windows) return strictWindowAggregate(windows, where, add);
  if (!starts) throw new TypeError('sliding windows need a store of starts');
  return slidingAggregate({ ...where, windows, starts: starts.name }, add);
}
