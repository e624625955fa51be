// Joins of two tables by a foreign key: each row of the left table names the row of the right one that it is
// joined with. Rows of the left table subscribe to rows of the right one, whose task answers each of them:
//
//   left ─▶ subscribe ─▶ registration topic (by foreign key) ─▶ receive ─▶ response topic (back to the row's
//                                                    right ─▶ publish ─▶   partition) ─▶ respond ─▶ result
//
// Source: Kafka Streams' SubscriptionSendProcessorSupplier, SubscriptionReceive-, SubscriptionJoin-,
// ForeignTableJoin- and ResponseJoinProcessorSupplier.
import { createHash } from 'node:crypto';
import { keyText } from '../api/key-text.ts';
import { partsSerde, readPart, textOf, writePart } from '../api/parts-serde.ts';
import type { Processor, ProcessorContext, ProcessorSupplier } from '../api/processor.ts';
import type { Change, StreamRecord } from '../api/record.ts';
import { serialize, type Serde } from '../api/serde.ts';
import type { KeyValueStore } from '../api/stores.ts';
import { isAbsent } from './aggregate.ts';
import type { ValueJoiner } from './stream-join.ts';
import { foreignPrefix, type SubscriptionKey } from './subscription-key.ts';
import type { ReadRow, TableView } from './table-view.ts';

/**
 * What the task of the right table is asked: to forget the subscription, and perhaps to answer so; or to keep
 * it, and to answer where there is a row, or in any case.
 */
type Instruction = 'delete' | 'deleteAndAnswer' | 'answerIfThere' | 'answer';

/** A row of the left table, for the task of the right one. */
export interface Subscription<K> {
  readonly instruction: Instruction;
  readonly primaryKey: K;
  /** The partition of the row: answers go there. */
  readonly partition: number;
  /** That of the row's value; undefined where the row is gone. An answer to another value is out of date. */
  readonly hash: string | undefined;
}

/** A subscription that is kept. */
export type Subscribed = Pick<Subscription<never>, 'partition' | 'hash'>;

/** An answer: the row of the right table. */
export interface SubscriptionAnswer<VF> extends Subscribed {
  readonly foreignValue: VF | undefined;
  /**
   * There is no row, and none has been joined with this value: only an answer that is still on its way, to an
   * equal value from before, must not be the last one.
   */
  readonly isQuiet?: boolean;
}

/** Returns the foreign key of a row; `undefined` or null: none. */
export type ForeignKeyExtractor<K, V, FK> = (value: V, key: K) => FK | undefined | null;

/** How subscriptions are written. */
export function subscriptionSerde<K>(key: Serde<K>): Serde<Subscription<K>> {
  return partsSerde<Subscription<K>>(
    [key],
    ({ instruction, primaryKey, partition, hash }) => [
      instruction,
      String(partition),
      hash ?? null,
      writePart(key, primaryKey),
    ],
    ([instruction, partition, hash, primaryKey]) => ({
      instruction: textOf(instruction) as Instruction,
      partition: Number(textOf(partition)),
      hash: hash === null ? undefined : textOf(hash),
      primaryKey: readPart(key, primaryKey) as K,
    }),
  );
}

/** How subscriptions are kept. */
export const subscribedSerde: Serde<Subscribed> = {
  format: 'text',
  serialize: ({ partition, hash }) => `${partition} ${hash ?? ''}`,
  deserialize(text) {
    const [partition, hash] = text.split(' ');
    return { partition: Number(partition), hash: hash === '' ? undefined : hash };
  },
};

/** How answers are written. */
export function answerSerde<VF>(value: Serde<VF>): Serde<SubscriptionAnswer<VF>> {
  return partsSerde<SubscriptionAnswer<VF>>(
    [value],
    ({ partition, hash, foreignValue, isQuiet = false }) => [
      String(partition),
      hash ?? null,
      writePart(value, foreignValue),
      String(isQuiet),
    ],
    ([partition, hash, foreignValue, isQuiet]) => ({
      partition: Number(textOf(partition)),
      hash: hash === null ? undefined : textOf(hash),
      foreignValue: readPart(value, foreignValue),
      isQuiet: textOf(isQuiet) === 'true',
    }),
  );
}

function hashOf<V>(serde: Serde<V>, value: V | undefined): string | undefined {
  return value === undefined
    ? undefined
    : createHash('sha1').update(serialize(serde, value)).digest('base64url');
}

/** The name of the side output that gets the keys of rows which have no foreign key any more. */
export const unjoinedOutput = 'unjoined';

/**
 * Subscribes rows of the left table, under their foreign keys. In inner joins it looks at the result,
 * `shown`: what it has of an earlier value must go, though the answer that says so is to a value that has
 * changed since.
 */
export function subscribe<K, V, FK>(
  foreignKeyOf: ForeignKeyExtractor<K, V, FK>,
  serdes: { value: Serde<V>; foreignKey: Serde<FK> },
  shown: string | undefined,
): ProcessorSupplier<K, Change<V>, FK | undefined, Subscription<K>> {
  const isLeft = shown === undefined;
  const textOfKey = keyText(serdes.foreignKey).write;
  const isSame = (a: FK | undefined, b: FK | undefined): boolean =>
    a === b || (a !== undefined && b !== undefined && textOfKey(a) === textOfKey(b));

  return function createSubscribe(): Processor<K, Change<V>, FK | undefined, Subscription<K>> {
    let context: ProcessorContext<FK | undefined, Subscription<K>>;
    let results: KeyValueStore<K, unknown> | undefined;

    function instructionsOf({ newValue, oldValue }: Change<V>, key: K): [FK | undefined, Instruction][] {
      const after = newValue === undefined ? undefined : (foreignKeyOf(newValue, key) ?? undefined);
      const before = oldValue === undefined ? undefined : (foreignKeyOf(oldValue, key) ?? undefined);
      if (oldValue === undefined && newValue === undefined) return [];
      if (!isLeft && after === undefined) return before === undefined ? [] : [[before, 'deleteAndAnswer']];
      const isMoved = before !== undefined && !isSame(before, after);
      // What was joined with another row must be taken back where there is none now.
      const own: [FK | undefined, Instruction] = [after, isLeft || isMoved ? 'answer' : 'answerIfThere'];
      return isMoved ? [[before, 'delete'], own] : [own];
    }

    return {
      init(given) {
        context = given;
        results = shown === undefined ? undefined : given.keyValueStore(shown);
      },
      process({ key, value, timestamp, headers }) {
        if (value.isLatest === false) {
          context.dropped('out-of-order');
          return;
        }
        const hash = hashOf(serdes.value, value.newValue);
        const instructions = instructionsOf(value, key);
        for (const [foreignKey, instruction] of instructions) {
          const subscription = { instruction, primaryKey: key, partition: context.partition, hash };
          context.forward({ key: foreignKey, value: subscription, timestamp, headers });
        }
        if (instructions.length > 0) return;
        if (value.newValue !== undefined || value.oldValue !== undefined) context.dropped('null-foreign-key');
        if (results?.get(key) !== undefined)
          context.forwardTo(unjoinedOutput, { key, value: undefined, timestamp, headers });
      },
    };
  };
}

/** Takes subscriptions in beside the right table, and answers them with its rows. */
export function receive<K, FK, VF>(
  store: string,
  right: TableView<FK, VF>,
): ProcessorSupplier<FK | undefined, Subscription<K>, K, SubscriptionAnswer<VF>> {
  return function createReceive(): Processor<FK | undefined, Subscription<K>, K, SubscriptionAnswer<VF>> {
    let context: ProcessorContext<K, SubscriptionAnswer<VF>>;
    let subscriptions: KeyValueStore<SubscriptionKey<FK, K>, Subscribed>;
    let read: ReadRow<FK, VF>;

    function keep(
      foreignKey: FK,
      { instruction, primaryKey, partition, hash }: Subscription<K>,
      time: number,
    ): void {
      const at = { foreignKey, primaryKey };
      if (instruction === 'delete' || instruction === 'deleteAndAnswer') subscriptions.delete(at);
      else subscriptions.put(at, { partition, hash }, time);
    }

    return {
      init(given) {
        context = given;
        subscriptions = given.keyValueStore(store);
        read = right.open(given);
      },
      process({ key: foreignKey, value, timestamp, headers }) {
        const { instruction, primaryKey: key, partition, hash } = value;
        if (!isAbsent(foreignKey)) keep(foreignKey, value, timestamp);
        if (instruction === 'delete') return;
        const row = isAbsent(foreignKey) ? undefined : read(foreignKey);
        const isQuiet = instruction === 'answerIfThere' && !row;
        const foreignValue = instruction === 'deleteAndAnswer' ? undefined : row?.value;
        const newest = Math.max(timestamp, row?.timestamp ?? 0);
        context.forward({
          key,
          value: { partition, hash, foreignValue, isQuiet },
          timestamp: newest,
          headers,
        });
      },
    };
  };
}

/** Answers all subscriptions to a row of the right table when it changes. */
export function publish<K, FK, VF>(
  store: string,
  foreignKey: Serde<FK>,
): ProcessorSupplier<FK, Change<VF>, K, SubscriptionAnswer<VF>> {
  const textOfKey = keyText(foreignKey).write;
  return function createPublish(): Processor<FK, Change<VF>, K, SubscriptionAnswer<VF>> {
    let context: ProcessorContext<K, SubscriptionAnswer<VF>>;
    let subscriptions: KeyValueStore<SubscriptionKey<FK, K>, Subscribed>;
    return {
      init(given) {
        context = given;
        subscriptions = given.keyValueStore(store);
      },
      process({ key, value, timestamp, headers }: StreamRecord<FK, Change<VF>>) {
        if (isAbsent(key) || value.isLatest === false) {
          context.dropped(isAbsent(key) ? 'null-key' : 'out-of-order');
          return;
        }
        const foreignValue = value.newValue;
        for (const [{ primaryKey }, subscribed] of subscriptions.prefixScan(foreignPrefix(textOfKey(key))))
          context.forward({ key: primaryKey, value: { ...subscribed, foreignValue }, timestamp, headers });
      },
    };
  };
}

/**
 * Makes rows of the result from answers. One to a value that the row has no more is dropped. In inner joins
 * it looks at the result, `shown`, for what must go.
 */
export function respond<K, V, VF, VO>(
  left: TableView<K, V>,
  value: Serde<V>,
  joiner: ValueJoiner<K, V, VF | undefined, VO>,
  shown: string | undefined,
): ProcessorSupplier<K, SubscriptionAnswer<VF>, K, VO | undefined> {
  const isLeft = shown === undefined;
  return function createRespond(): Processor<K, SubscriptionAnswer<VF>, K, VO | undefined> {
    let context: ProcessorContext<K, VO | undefined>;
    let read: ReadRow<K, V>;
    let results: KeyValueStore<K, unknown> | undefined;
    return {
      init(given) {
        context = given;
        read = left.open(given);
        results = shown === undefined ? undefined : given.keyValueStore(shown);
      },
      process({ key, value: { hash, foreignValue, isQuiet }, timestamp, headers }) {
        const row = read(key);
        if (hashOf(value, row?.value) !== hash) {
          context.dropped('out-of-date-answer');
          return;
        }
        if (isQuiet === true && results?.get(key) === undefined) return;
        const isThere = row !== undefined && (foreignValue !== undefined || isLeft);
        const joined = isThere ? (joiner(row.value, foreignValue, key) ?? undefined) : undefined;
        context.forward({ key, value: joined, timestamp, headers });
      },
    };
  };
}
