// Logs by activity type: counted where the topology runs, in threads, and shown by the process.
import { BroadcastChannel } from 'node:worker_threads';
import { countTypes } from '@activity/service';
import type { Registry } from 'prom-client';

/** Counts in a thread. */
export interface TypeCounts {
  /** Counts one log. */
  add: (type: string) => void;
  /** Hands over what was counted: a commit takes it. */
  flush: () => void;
  /** Forgets what was not handed over: it is processed again. */
  forget: () => void;
}

const channelName = 'activity-type-counts';

/** What a thread hands over: types and how many logs of each. */
type Handed = readonly (readonly [type: string, logs: number])[];

/** Begins to count in a thread; {@link showTypeCounts} in the same process shows the counts. */
export function openTypeCounts(): TypeCounts {
  const channel = new BroadcastChannel(channelName);
  channel.unref();
  const counts = new Map<string, number>();
  return {
    add: (type) => counts.set(type, (counts.get(type) ?? 0) + 1),
    flush() {
      if (counts.size === 0) return;
      channel.postMessage([...counts] satisfies Handed);
      counts.clear();
    },
    forget: () => counts.clear(),
  };
}

/** Registers the metric, which counts what the threads of this process hand over. Returns how to end that. */
export function showTypeCounts(registry: Registry): () => void {
  const count = countTypes(registry, {
    name: 'activity_processor_events_by_type_total',
    help: 'Logs that were made of events, by activity type: the first 100 types, the rest as other',
  });
  const channel = new BroadcastChannel(channelName);
  channel.unref();
  channel.addEventListener('message', (message) => {
    for (const [type, logs] of (message as Event & { data: Handed }).data) count(type, logs);
  });
  return () => channel.close();
}
