// Declares the join of two tables by a foreign key: the nodes, topics and stores of both sides.
import {
  answerSerde,
  publish,
  receive,
  respond,
  subscribe,
  subscribedSerde,
  subscriptionSerde,
  unjoinedOutput,
  type ForeignKeyExtractor,
  type SubscriptionAnswer,
} from '../operators/foreign-key-join.ts';
import type { ValueJoiner } from '../operators/stream-join.ts';
import { foreignPrefixLength, subscriptionKeySerde } from '../operators/subscription-key.ts';
import { tableSource } from '../operators/table.ts';
import { oldRows } from '../operators/old-values.ts';
import { keyValueView } from '../operators/table-view.ts';
import type { Partitioner } from '../topology/topology.ts';
import type { Dsl, TablePlace } from './dsl.ts';
import type { ForeignKeyJoined } from './options.ts';
import { requireSerdes } from './require-serdes.ts';

/** A join by a foreign key. */
export interface ForeignKeyJoin<K, V, FK, VF, VO> {
  left: TablePlace<K, V>;
  right: TablePlace<FK, VF>;
  foreignKeyOf: ForeignKeyExtractor<K, V, FK>;
  joiner: ValueJoiner<K, V, VF | undefined, VO>;
  isLeft: boolean;
  joined: ForeignKeyJoined<K, V, FK, VF, VO>;
}

/** Declares the join, and returns where its result stands. */
export function foreignKeyJoin<K, V, FK, VF, VO>(
  { graph }: Pick<Dsl, 'graph'>,
  { left, right, foreignKeyOf, joiner, isLeft, joined }: ForeignKeyJoin<K, V, FK, VF, VO>,
): TablePlace<K, VO> {
  const { key, value, leftValue, foreignKey, foreignValue } = requireSerdes(
    {
      key: joined.key ?? left.key,
      value: joined.value,
      leftValue: joined.leftValue ?? left.value,
      foreignKey: joined.foreignKey ?? right.key,
      foreignValue: joined.foreignValue ?? right.value,
    },
    `${isLeft ? 'leftJoin' : 'join'}() by a foreign key`,
  );
  for (const { oldValues } of [left, right]) {
    oldValues.want();
    oldValues.keep();
  }
  const { changelog = true } = joined;
  const name = graph.name('KTABLE-FK-JOIN', joined.name);

  const kept = graph.store({
    name: joined.store ?? `${name}-store`,
    kind: 'keyValue',
    keySerde: key,
    valueSerde: value,
    changelog,
  });

  const registration = `${name}-subscription-registration-topic`;
  const subscriptions = { keySerde: foreignKey, valueSerde: subscriptionSerde(key) };
  graph.repartitionTopics.push({ name: registration, partitions: undefined });
  const sent = graph.processor(
    `${name}-subscribe`,
    [left.parent],
    subscribe<K, V, FK>(foreignKeyOf, { value: leftValue, foreignKey }, isLeft ? undefined : kept.name),
    isLeft ? [] : [kept.name],
  );
  graph.sink({
    name: `${name}-registration-sink`,
    parents: [sent],
    topic: registration,
    ...subscriptions,
    partitioner: undefined,
  });

  const store = graph.store({
    name: `${name}-subscription-store`,
    kind: 'keyValue',
    keySerde: subscriptionKeySerde(foreignKey, key),
    valueSerde: subscribedSerde,
    prefixLength: foreignPrefixLength,
    changelog,
  });
  const registered = graph.source({
    name: `${name}-registration-source`,
    topics: [registration],
    ...subscriptions,
    timestamp: undefined,
  });
  const stores = [store.name, ...right.view.stores];
  const answered = [
    graph.processor(`${name}-receive`, [registered], receive<K, FK, VF>(store.name, right.view), stores),
    graph.processor(`${name}-publish`, [right.parent], publish<K, FK, VF>(store.name, foreignKey), [
      store.name,
    ]),
  ];
  const response = `${name}-subscription-response-topic`;
  graph.repartitionTopics.push({ name: response, partitions: undefined });
  const answers = { keySerde: key, valueSerde: answerSerde(foreignValue) };
  graph.sink({
    name: `${name}-response-sink`,
    parents: answered,
    topic: response,
    ...answers,
    partitioner: toItsRow as Partitioner,
  });

  const arrived = graph.source({
    name: `${name}-response-source`,
    topics: [response],
    ...answers,
    timestamp: undefined,
  });
  const results = graph.processor(
    `${name}-respond`,
    [arrived],
    respond<K, V, VF, VO>(left.view, leftValue, joiner, isLeft ? undefined : kept.name),
    isLeft ? left.view.stores : [...left.view.stores, kept.name],
  );
  const parent = graph.processor(
    name,
    [results, { ...sent, output: unjoinedOutput }],
    tableSource<K, VO>(kept.name),
    [kept.name],
  );
  const oldValues = oldRows(joined.store !== undefined);
  return { parent, key, value, oldValues, view: keyValueView(kept.name) };
}

/** An answer goes to the partition that the row was read from, whoever chose it. */
function toItsRow({ value }: { key: unknown; value: SubscriptionAnswer<unknown> }): number {
  return value.partition;
}
