// Drops duplicates: the same id of the same key, seen again within a horizon.
import type { Serde } from '../api/serde.ts';
import { keyText } from '../api/key-text.ts';
import type { ExpiringStore, StoreSpec } from '../api/stores.ts';
import type { StreamRecord } from '../api/record.ts';
import type { StepState } from '../api/step-state.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import { isAbsent } from './aggregate.ts';

/** What is remembered of the first copy. */
export interface FirstCopy {
  /** The offset of the source record that was first. */
  readonly offset: number;
  /** What `fingerprint` gave for it, or ''. */
  readonly fingerprint: string;
}

/** A duplicate and what is known of its first copy. */
export interface Duplicate<V> {
  /** The duplicate's own value. */
  readonly value: V;
  /** The offset of the first copy's source record. */
  readonly firstOffset: number;
  /** The fingerprints differ: the same id with another body. */
  readonly conflicting: boolean;
}

/** What the operator is made of; see {@link KStream.dedupe}. */
interface DedupeParts<K, V> {
  store: string;
  textOf: (key: K) => string;
  by: (value: V, key: K) => string;
  fingerprint: ((value: V) => string) | undefined;
  conflicting: ((first: string, copy: string) => boolean) | undefined;
  /** A record that is read again from the offset of the first copy is passed on again. */
  passOriginals: boolean;
}

/** The side output for duplicates. */
export const duplicateOutput = 'duplicate';

/**
 * Passes on the first record of each id and key. The horizon runs from when the first copy was seen, by the
 * store's clock, whatever event time the copies carry. With `passOriginals` (one source topic, so that
 * offsets tell records apart) a record that is read again from the offset of the first copy is that first
 * copy, and is passed on again.
 */
export function dedupe<K, V>({
  store,
  textOf,
  by,
  fingerprint,
  conflicting = (first, copy) => first !== copy,
  passOriginals,
}: DedupeParts<K, V>): ProcessorSupplier<K, V, K, V> {
  return function createDedupe(): Processor<K, V, K, V> {
    let context: ProcessorContext<K, V>;
    let seen: ExpiringStore<string, FirstCopy>;
    // The source record that is being processed, and the ids that were passed on from it: one record may have
    // become several.
    let source = -1;
    let passed = '';
    let more: Set<string> | undefined;

    /** Whether this id has already been passed on from the source record at this offset. */
    function passedFrom(offset: number, id: string): boolean {
      return offset === source && (id === passed || more?.has(id) === true);
    }

    function pass(record: StreamRecord<K, V>, offset: number, id: string): void {
      if (offset === source) (more ??= new Set()).add(id);
      else [source, passed, more] = [offset, id, undefined];
      context.forward(record);
    }

    return {
      init(given) {
        context = given;
        seen = given.expiringStore(store);
        given.onCommit({
          beforeCommit() {},
          // What was passed on may not have been written: where the state has it all the same, it is passed
          // on again.
          afterAbort() {
            [source, passed, more] = [-1, '', undefined];
          },
        });
      },
      process(record) {
        const { key, value, timestamp, headers } = record;
        const id = dedupeId(isAbsent(key) ? undefined : textOf(key), by(value, key));
        const first = seen.get(id)?.value;
        const offset = context.position()?.offset ?? -1;
        if (first === undefined) {
          seen.put(id, { offset, fingerprint: fingerprint?.(value) ?? '' });
          pass(record, offset, id);
        } else if (passOriginals && first.offset === offset && !passedFrom(offset, id)) {
          pass(record, offset, id);
        } else {
          const conflict = fingerprint !== undefined && conflicting(first.fingerprint, fingerprint(value));
          context.dropped('duplicate');
          const duplicate: Duplicate<V> = { value, firstOffset: first.offset, conflicting: conflict };
          context.forwardTo(duplicateOutput, { key, value: duplicate, timestamp, headers });
        }
      },
    };
  };
}

/** One text for key and id that no other pair can make. */
function dedupeId(key: string | undefined, id: string): string {
  return `${key === undefined ? '|' : prefixOf(key)}${id}`;
}

function prefixOf(key: string): string {
  return `${key.length}|${key}`;
}

/** The state of a dedupe whose keys have this text. */
export function dedupeState<K>(store: StoreSpec, textOf: (key: K) => string): StepState<K> {
  return {
    stores: [store],
    open(context) {
      const seen = context.expiringStore(store.name);
      return {
        forget(key) {
          seen.deletePrefix(prefixOf(textOf(key)));
        },
      };
    },
  };
}

/** The name of a dedupe's store, by the step's. */
export function dedupeStoreOf(step: string): string {
  return `${step}-store`;
}

/** Where a dedupe's store has an id of a key; `serde` is that of the stream's keys. */
export function dedupeIdOfKey<K>(serde: Serde<K>, key: K, id: string): string {
  return dedupeId(isAbsent(key) ? undefined : keyText(serde).write(key), id);
}

/** How many characters of an id are those of its key; 0 for a text that has none. */
export function dedupePrefixLength(id: string): number {
  const bar = id.indexOf('|');
  if (bar === 0) return 1;
  const length = Number(id.slice(0, bar));
  return bar > 0 && Number.isSafeInteger(length) ? bar + 1 + length : 0;
}

/** How a first copy is written: its offset, then its fingerprint. */
export const firstCopySerde: {
  format: 'text';
  serialize(first: FirstCopy): string;
  deserialize(text: string): FirstCopy;
} = {
  format: 'text',
  serialize: ({ offset, fingerprint }) => (fingerprint === '' ? String(offset) : `${offset}|${fingerprint}`),
  deserialize(text) {
    const bar = text.indexOf('|');
    if (bar < 0) return { offset: Number(text), fingerprint: '' };
    return { offset: Number(text.slice(0, bar)), fingerprint: text.slice(bar + 1) };
  },
};
