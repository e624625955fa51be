// Builds the stores of a task from their declarations.
import type { TopicPartition } from '@activity/kafka';
import { FatalError } from '../api/errors.ts';
import { keyText } from '../api/key-text.ts';
import { CommittedReader } from '../state/committed-reader.ts';
import type { CommittedState } from '../state/committed-state.ts';
import { ExpiringState } from '../state/expiring-state.ts';
import { TaskBufferStore } from '../state/buffer-store.ts';
import { TaskExpiringStore } from '../state/expiring-store.ts';
import { TaskKeyValueStore } from '../state/key-value-store.ts';
import { cacheBudget, type CacheBudget } from '../state/cache-budget.ts';
import { segmentIntervalMs } from '../state/segmented-store.ts';
import type { OpenExpiringOptions, OpenStateOptions, StateBackend } from '../state/state-backend.ts';
import type { StepClock } from '../api/processor.ts';
import { hasRetention, type StoreSpec } from '../api/stores.ts';
import type { TaskStore } from '../state/store.ts';
import { TaskSessionStore } from '../state/session-store.ts';
import { entryPrefixLength } from '../state/timeline-layers.ts';
import { TaskTimelineStore } from '../state/timeline-store.ts';
import { StrictWindowStore } from '../state/strict-window-store.ts';
import { TaskWindowStore } from '../state/window-store.ts';

/** A store of a task, and the changelog partition behind it. */
export interface OpenStore {
  readonly spec: StoreSpec;
  readonly store: TaskStore;
  readonly changelog: { topic: string; partition: number } | undefined;
  /** Reads what was committed, for others than the task. */
  readonly reader: CommittedReader;
}

/** A changelog partition: nothing in it is of use before an event time, and before an offset. */
export interface Expired extends TopicPartition {
  timestamp: number;
  offset: number;
}

/** Up to where the changelog of a store is of no use any more. */
export function expiredOf({ spec, store, changelog }: OpenStore): Expired | undefined {
  const timestamp = store.usedSince();
  // A topic that others read too is theirs to clean.
  if (!changelog || spec.changelogTopic !== undefined || timestamp === undefined) return undefined;
  return { ...changelog, timestamp, offset: store.usedFrom() ?? 0 };
}

/** What stores tell time by, in epoch milliseconds. */
export interface StoreClocks {
  /** The highest event time; -1 before the first record. */
  streamTime: () => number;
  /** The highest timestamp of a record in Kafka; -1 before the first record. */
  arrivalTime: () => number;
  /** When what is being processed happened. */
  eventTime: () => number;
  /** A clock by name, which is committed with the offsets. */
  stepClock: (name: string) => StepClock;
}

/** Opens the committed state that a store needs. */
export function openState(
  spec: StoreSpec,
  backend: StateBackend,
  where: Pick<OpenStateOptions, 'taskId' | 'changelogId' | 'maxAgeMs'>,
): Promise<CommittedState> {
  const options = { ...where, store: spec.name, ...stateOptions(spec) };
  if (spec.kind === 'expiring') return backend.openExpiring(options);
  return backend.open({ ...options, kind: spec.kind, segmentsTogether: segmentsTogether(spec) });
}

/** What a store's state is, wherever it is kept. */
export function stateOptions(
  spec: StoreSpec,
): Pick<OpenExpiringOptions, 'keys' | 'format' | 'segmentMs' | 'prefixLength' | 'runEntries'> {
  const { kind, keySerde, valueSerde, segmentMs, prefixLength, runEntries } = spec;
  return {
    keys: keyText(keySerde).encoding,
    prefixLength: kind === 'timeline' ? entryPrefixLength : prefixLength,
    runEntries,
    format: valueSerde.format,
    segmentMs: hasRetention(kind) ? (segmentMs ?? segmentIntervalMs(retentionOf(spec))) : 0,
  };
}

/** Makes a task's store over the committed state that was opened for it. */
export function openStore(
  spec: StoreSpec,
  committed: CommittedState,
  changelog: OpenStore['changelog'],
  { streamTime, arrivalTime, eventTime, stepClock }: StoreClocks,
  cache: CacheBudget,
): OpenStore {
  const options = {
    name: spec.name,
    keySerde: spec.keySerde,
    valueSerde: spec.valueSerde,
    committed,
    changelog,
    retentionMs: retentionOf(spec),
    segmentMs: spec.segmentMs,
    expiry: spec.expiry,
    streamTime: spec.clock === 'arrival' ? arrivalTime : streamTime,
    eventTime,
    cache: spec.cached === false ? cacheBudget(0) : cache,
  };
  const reader = new CommittedReader(spec, committed);
  /** The time of a store that decides by what was put into it. */
  const byItself = (): { written: StepClock; streamTime: () => number } => {
    const written = stepClock(`${spec.name}/written`);
    return { written, streamTime: () => written.time };
  };
  switch (spec.kind) {
    case 'keyValue':
      return { spec, store: new TaskKeyValueStore(options), changelog, reader };
    case 'window': {
      if (spec.expiry !== 'strict') return { spec, store: new TaskWindowStore(options), changelog, reader };
      return { spec, store: new StrictWindowStore({ ...options, ...byItself() }), changelog, reader };
    }
    case 'session': {
      const { segmentMs = segmentIntervalMs(options.retentionMs) } = spec;
      const store = new TaskSessionStore({ ...options, ...byItself(), segmentMs });
      return { spec, store, changelog, reader };
    }
    case 'buffer':
      return { spec, store: new TaskBufferStore(options), changelog, reader };
    case 'timeline':
      return { spec, store: new TaskTimelineStore(options), changelog, reader };
    case 'expiring':
      if (!(committed instanceof ExpiringState)) throw new TypeError(`store ${spec.name} has another state`);
      return { spec, store: new TaskExpiringStore({ ...options, committed }), changelog, reader };
  }
}

/** Segments shorter than this are kept on disk, and dropped, in groups that are not. */
const diskSegmentMs = 3_600_000;

/** How many segments of a store go together on disk. */
function segmentsTogether(spec: StoreSpec): number {
  const { kind, segmentMs } = spec;
  if (segmentMs === undefined) return 1;
  const togetherMs = kind === 'timeline' ? segmentIntervalMs(retentionOf(spec)) : diskSegmentMs;
  return Math.max(1, Math.floor(togetherMs / segmentMs));
}

function retentionOf({ name, kind, retentionMs }: StoreSpec): number {
  if (!hasRetention(kind)) return 0;
  if (retentionMs === undefined) {
    throw new FatalError('TOPOLOGY_INVALID', `store ${name} needs a retention: pass { retention: '1h' }`);
  }
  return retentionMs;
}
