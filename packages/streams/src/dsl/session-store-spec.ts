// The store behind sessions.
import type { Serde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import type { SessionWindows } from '../operators/session-aggregate.ts';

/** Declares the store of a session aggregate, which is named after its node unless it is given a name. */
export function sessionStore<K, V>(
  node: string,
  { gapMs, graceMs }: SessionWindows,
  options: { store?: string; key: Serde<K>; value: Serde<V>; changelog?: boolean },
): StoreSpec {
  const retentionMs = gapMs + graceMs;
  return {
    name: options.store ?? `${node}-store`,
    kind: 'session',
    keySerde: options.key,
    valueSerde: options.value,
    retentionMs,
    // Sessions of a key are more than a gap apart. So neither do many of them share an entry, nor does a late
    // record look into many entries.
    segmentMs: Math.max(1, gapMs, Math.ceil(Math.sqrt(gapMs * retentionMs))),
    windowSizeMs: gapMs,
    changelog: options.changelog ?? true,
  };
}
