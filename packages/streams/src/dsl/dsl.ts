// What the classes of the DSL share: the graph,
// and the makers of each other (so that no file imports in a circle).
import type { SessionWindows } from '../operators/session-aggregate.ts';
import type { OldValues } from '../operators/old-values.ts';
import type { TableView } from '../operators/table-view.ts';
import type { Serde } from '../api/serde.ts';
import type { StepState } from '../api/step-state.ts';
import type { Parent } from '../topology/topology.ts';
import type { CogroupedKStream, CogroupInput } from './cogrouped-stream.ts';
import type { EmitStrategy } from './emit-strategy.ts';
import type { Graph } from './graph.ts';
import type { KGroupedStream } from './grouped-stream.ts';
import type { KGroupedTable } from './grouped-table.ts';
import type { SessionWindowedKStream } from './session-windowed-stream.ts';
import type { StatefulStream } from './stateful-stream.ts';
import type { KStream } from './stream.ts';
import type { KTable } from './table.ts';
import type { TimeWindowedKStream } from './time-windowed-stream.ts';
import type { FixedWindows } from './windowed-steps.ts';

/** Where a stream or table stands in the graph, and what is known of its types. */
export interface Place<K, V> {
  readonly parent: Parent;
  readonly key: Serde<K> | undefined;
  readonly value: Serde<V> | undefined;
}

/** A stream's place. */
export interface StreamPlace<K, V> extends Place<K, V> {
  /** The key has changed since the records were last partitioned by it. */
  readonly keyChanged: boolean;
}

/** The windows of a table's keys: how long they take records after their end, and the serde of the keys. */
export interface TableWindows {
  readonly graceMs: number;
  readonly keySerde: Serde<unknown>;
}

/** A table's place, the switch that makes it carry old values, and how other steps read its rows. */
export interface TablePlace<K, V> extends Place<K, V> {
  readonly oldValues: OldValues;
  readonly view: TableView<K, V>;
  /** Of tables whose keys are windowed. */
  readonly windowed?: TableWindows | undefined;
}

/** The makers. */
export interface Dsl {
  readonly graph: Graph;
  stream<K, V>(place: StreamPlace<K, V>): KStream<K, V>;
  statefulStream<K, V>(place: StreamPlace<K, V>, state: StepState<K>): StatefulStream<K, V>;
  table<K, V>(place: TablePlace<K, V>): KTable<K, V>;
  groupedStream<K, V>(place: StreamPlace<K, V>): KGroupedStream<K, V>;
  windowedStream<K, V>(
    place: StreamPlace<K, V>,
    windows: FixedWindows,
    strategy?: EmitStrategy,
  ): TimeWindowedKStream<K, V>;
  sessionStream<K, V>(
    place: StreamPlace<K, V>,
    windows: SessionWindows,
    strategy?: EmitStrategy,
  ): SessionWindowedKStream<K, V>;
  cogroupedStream<K, A, V>(inputs: readonly CogroupInput<K, A>[]): CogroupedKStream<K, A, V>;
  groupedTable<K, V>(place: Place<K, V>): KGroupedTable<K, V>;
}
