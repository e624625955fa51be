// A record on its way through a topology.
import type { RecordHeaders } from '@activity/kafka/core';

export type { Header, RecordHeaders, SourceRecord } from '@activity/kafka/core';

/** What a step receives and forwards. Treat it as immutable: the next step may get the same object. */
export interface StreamRecord<K, V> {
  /** `undefined` where Kafka carried none. */
  readonly key: K;
  /** `undefined` where Kafka carried none: a tombstone. */
  readonly value: V;
  /** Event time in whole epoch milliseconds. */
  readonly timestamp: number;
  readonly headers: RecordHeaders;
}

/** A table's change: what a key's value is now and was before; `undefined` stands for absent. */
export interface Change<V> {
  readonly newValue: V | undefined;
  readonly oldValue: V | undefined;
  /** false: a versioned table has a later version already. */
  readonly isLatest?: boolean;
}

/** A key in a window: `[start, end)` in epoch milliseconds. */
export interface Windowed<K> {
  readonly key: K;
  readonly start: number;
  readonly end: number;
}

/** A value and the event time of the newest record that went into it. */
export interface Timestamped<V> {
  readonly value: V;
  readonly timestamp: number;
}
