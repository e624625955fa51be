// KStream: an unbounded stream of records. Each step declares a node and returns what comes after it.
import { milliseconds } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import { coalesce } from '../operators/coalesce.ts';
import {
  dedupe,
  dedupePrefixLength,
  dedupeState,
  dedupeStoreOf,
  duplicateOutput,
  firstCopySerde,
  type Duplicate,
} from '../operators/dedupe.ts';
import {
  failedOutput,
  filter,
  flatMap,
  flatMapValues,
  map,
  mapValues,
  passThrough,
  peek,
  selectKey,
  type Failed,
  type Predicate,
} from '../operators/stateless.ts';
import { stringSerde, type Serde } from '../api/serde.ts';
import { keyText } from '../api/key-text.ts';
import type { ProcessorSupplier } from '../api/processor.ts';
import type { Parent, TopicChoice } from '../topology/topology.ts';
import { AsyncStream } from './async-steps.ts';
import { BranchedStream } from './branched-stream.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import type { KGroupedStream } from './grouped-stream.ts';
import { partitionerOf, type Grouped, type Named, type Produced, type Repartitioned } from './options.ts';
import { requireSerdes } from './require-serdes.ts';
import type { KTable } from './table.ts';
import { tableOf, type ToTable } from './to-table.ts';
import type { StatefulStream } from './stateful-stream.ts';
import { storeNames, type DedupeOptions, type Failing, type ProcessOptions } from './stream-options.ts';

/**
 * A stream of records with keys `K` and values `V`. Methods declare steps and answer what comes after them;
 * nothing runs before {@link createStreams}. A step keeps event time and headers, and runs on each record
 * synchronously; those whose names end in `Async` await.
 *
 * The value may be `undefined` where Kafka carried none (a tombstone):
 * steps see it as it is, aggregates drop it.
 * @example
 * orders
 *   .filter((order) => order.paid)
 *   .mapValues((order) => order.amount, { value: numberSerde })
 *   .to('amounts');
 */
export class KStream<K, V> extends AsyncStream<K, V> {
  readonly #dsl: Dsl;
  readonly #place: StreamPlace<K, V>;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>) {
    super(dsl, place);
    this.#dsl = dsl;
    this.#place = place;
  }

  /** Keeps the records for which the predicate holds. */
  filter(predicate: Predicate<K, V>, { name }: Named = {}): KStream<K, V> {
    return this.#then(this.#add('KSTREAM-FILTER', name, filter(predicate, false)), this.#place);
  }

  /** Keeps the records for which the predicate does not hold. */
  filterNot(predicate: Predicate<K, V>, { name }: Named = {}): KStream<K, V> {
    return this.#then(this.#add('KSTREAM-FILTER', name, filter(predicate, true)), this.#place);
  }

  /**
   * Replaces key and value; what is grouped afterwards goes through a repartition topic. Serdes are needed
   * only where a later step writes the key or the value.
   * @example stream.map((id, order) => [order.customer, order.amount], { key: stringSerde, value: numberSerde
   * })
   */
  map<K2, V2>(
    mapper: (key: K, value: V) => readonly [K2, V2],
    { name, key, value, onFailed }: Grouped<K2, V2> & Failing<K, V> = {},
  ): KStream<K2, V2> {
    return this.#then(this.#addFailing('KSTREAM-MAP', name, map(mapper, onFailed !== undefined), onFailed), {
      key,
      value,
      keyChanged: true,
    });
  }

  /**
   * Replaces the value. The serde is needed only where a later step writes the value. The key stays, so
   * grouping by it needs no repartition topic.
   * @example stream.mapValues((text) => text.length, { value: numberSerde })
   */
  mapValues<V2>(
    mapper: (value: V, key: K) => V2,
    { name, value, onFailed }: Named & Failing<K, V> & { value?: Serde<V2> } = {},
  ): KStream<K, V2> {
    return this.#then(
      this.#addFailing('KSTREAM-MAPVALUES', name, mapValues(mapper, onFailed !== undefined), onFailed),
      { ...this.#place, value },
    );
  }

  /**
   * Replaces a record by any number of records, in order.
   * Where the mapper throws half-way, none of them goes on.
   */
  flatMap<K2, V2>(
    mapper: (key: K, value: V) => Iterable<readonly [K2, V2]>,
    { name, key, value, onFailed }: Grouped<K2, V2> & Failing<K, V> = {},
  ): KStream<K2, V2> {
    return this.#then(
      this.#addFailing('KSTREAM-FLATMAP', name, flatMap(mapper, onFailed !== undefined), onFailed),
      { key, value, keyChanged: true },
    );
  }

  /**
   * Replaces a value by any number of values, in order.
   * Where the mapper throws half-way, none of them goes on.
   * @example lines.flatMapValues((line) => line.split(' '), { value: stringSerde })
   */
  flatMapValues<V2>(
    mapper: (value: V, key: K) => Iterable<V2>,
    { name, value, onFailed }: Named & Failing<K, V> & { value?: Serde<V2> } = {},
  ): KStream<K, V2> {
    const parent = this.#addFailing(
      'KSTREAM-FLATMAPVALUES',
      name,
      flatMapValues(mapper, onFailed !== undefined),
      onFailed,
    );
    return this.#then(parent, { ...this.#place, value });
  }

  /** Replaces the key; what is grouped afterwards goes through a repartition topic. */
  selectKey<K2>(
    mapper: (key: K, value: V) => K2,
    { name, key, onFailed }: Named & Failing<K, V> & { key?: Serde<K2> } = {},
  ): KStream<K2, V> {
    const parent = this.#addFailing(
      'KSTREAM-KEY-SELECT',
      name,
      selectKey(mapper, onFailed !== undefined),
      onFailed,
    );
    return this.#then(parent, { key, value: this.#place.value, keyChanged: true });
  }

  /** Looks at each record without changing it. May run again for a record after a crash. */
  peek(action: (key: K, value: V) => void, { name }: Named = {}): KStream<K, V> {
    return this.#then(this.#add('KSTREAM-PEEK', name, peek(action)), this.#place);
  }

  /** Ends the stream in an action. May run again for a record after a crash. */
  foreach(action: (key: K, value: V) => void, { name }: Named = {}): void {
    this.#add('KSTREAM-FOREACH', name, peek(action));
  }

  /** Joins two streams into one; no order between them is promised. A stream with itself is that stream. */
  merge(other: KStream<K, V>, { name }: Named = {}): KStream<K, V> {
    const merged = this.#dsl.graph.name('KSTREAM-MERGE', name);
    const parents = [this.#place.parent, other.place.parent];
    const parent = this.#dsl.graph.processor(merged, parents, passThrough<K, V>());
    return this.#then(parent, {
      ...this.#place,
      keyChanged: this.#place.keyChanged || other.place.keyChanged,
    });
  }

  /**
   * Splits the stream: each record goes to the first branch whose predicate holds, and to no other.
   * @example
   * const { paid, open } = orders
   *   .split()
   *   .branch('paid', (order) => order.paid)
   *   .defaultBranch('open');
   */
  split({ name }: Named = {}): BranchedStream<K, V, object> {
    return new BranchedStream(this.#dsl, this.#place, this.#dsl.graph.name('KSTREAM-BRANCH', name), []);
  }

  /**
   * Runs a processor of your own, one instance for each task; the key may change, so grouping afterwards goes
   * through a repartition topic. What it forwards, and what it writes to its stores, commits with the record.
   * @example
   * const totals = builder.addStore({ name: 'totals', kind: 'keyValue', key: stringSerde, value: numberSerde
   * }); stream.process(() => sumUp('totals'), { stores: [totals], key: stringSerde, value: numberSerde });
   */
  process<KO, VO>(
    supplier: ProcessorSupplier<K, V, KO, VO>,
    { name, stores = [], key, value }: ProcessOptions<KO, VO> = {},
  ): KStream<KO, VO> {
    const parent = this.#add('KSTREAM-PROCESSOR', name, supplier, storeNames(stores));
    return this.#then(parent, { key, value, keyChanged: true });
  }

  /**
   * Runs a processor of your own that leaves the key alone (it is trusted to):
   * no repartition topic afterwards.
   */
  processValues<VO>(
    supplier: ProcessorSupplier<K, V, K, VO>,
    { name, stores = [], value }: ProcessOptions<K, VO> = {},
  ): KStream<K, VO> {
    const parent = this.#add('KSTREAM-PROCESSVALUES', name, supplier, storeNames(stores));
    return this.#then(parent, { ...this.#place, value });
  }

  /**
   * The records that the step before sent to one of its named outputs (`forwardTo`). Call it on what that
   * step answered, before any other step.
   * @example const refused = checked.output<Refusal>('refused', { value: jsonSerde() });
   */
  output<V2>(output: string, { value }: { value?: Serde<V2> } = {}): KStream<K, V2> {
    const parent = { node: this.#place.parent.node, output };
    return this.#then(parent, { ...this.#place, value });
  }

  /**
   * Passes on only the first record of each id of each key. Exact across crashes and rebalances: what was
   * seen commits with what was passed on. A copy must reach the same partition as the first, so partition the
   * topic by this key; where a step before may have changed the key, the records go through a repartition
   * topic. The first copy itself, read again (a rewound group), is passed on again. Records without a key
   * share one. A key can be forgotten: see {@link StepState}. Not in Kafka Streams.
   * @throws FatalError with TOPOLOGY_INVALID where serdes are needed and not known.
   * @example events.dedupe({ by: (event) => event.id, within: '24h' })
   */
  dedupe(options: DedupeOptions<K, V>): StatefulStream<K, V> {
    const { by, within, clock, fingerprint, conflicting, onDuplicate, name: given } = options;
    if (this.#place.keyChanged) {
      if (clock === 'arrival')
        throw new FatalError(
          'TOPOLOGY_INVALID',
          "dedupe() by 'arrival' must stand before a step that changes the key: records in a repartition topic carry event time",
        );
      requireSerdes(this.#serdes(options), 'dedupe()');
      return this.repartition(options).dedupe(options);
    }
    const { graph } = this.#dsl;
    const name = graph.name('KSTREAM-DEDUPE', given);
    const store = graph.store({
      name: dedupeStoreOf(name),
      kind: 'expiring',
      keySerde: stringSerde,
      valueSerde: firstCopySerde,
      retentionMs: milliseconds(within),
      prefixLength: dedupePrefixLength,
      ...(clock !== undefined && { clock }),
      changelog: true,
    });
    const passOriginals = graph.sourceTopics(this.#place.parent).size === 1;
    const { key } = requireSerdes({ key: this.#place.key }, 'dedupe()', 'the step before');
    const textOf = keyText(key).write;
    const supplier = dedupe<K, V>({
      store: store.name,
      textOf,
      by,
      fingerprint,
      conflicting,
      passOriginals,
    });
    const parent = graph.processor(name, [this.#place.parent], supplier, [store.name], {
      takesNullKeys: true,
    });
    const duplicates = { ...this.#place, parent: { node: name, output: duplicateOutput }, value: undefined };
    onDuplicate?.(this.#dsl.stream<K, Duplicate<V>>(duplicates));
    return this.#dsl.statefulStream({ ...this.#place, parent }, dedupeState(store, textOf));
  }

  /**
   * Passes on, at each commit, only the last record of each key since the commit before: for streams of
   * absolute values, such as counts, whose values in between nobody needs. Not in Kafka Streams, whose record
   * caches do this unseen.
   */
  coalesce({ name, key }: Named & { key?: Serde<K> } = {}): KStream<K, V> {
    const serdes = requireSerdes({ key: key ?? this.#place.key }, 'coalesce()');
    return this.#then(this.#add('KSTREAM-COALESCE', name, coalesce<K, V>(serdes.key)), this.#place);
  }

  /**
   * Groups by the key the records have: what follows may count, reduce or aggregate. Where a step before may
   * have changed the key, the records go through a repartition topic first, for which serdes must be known.
   * @throws FatalError with TOPOLOGY_INVALID where such a topic has no serdes.
   */
  groupByKey(grouped: Grouped<K, V> = {}): KGroupedStream<K, V> {
    const place = { ...this.#place, ...this.#serdes(grouped) };
    if (!place.keyChanged) return this.#dsl.groupedStream(place);
    return this.#dsl.groupedStream(this.#dsl.stream(place).repartition(grouped).place);
  }

  /**
   * Groups by another key, through a repartition topic.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example orders.groupBy((_id, order) => order.customer, { key: stringSerde }).count()
   */
  groupBy<K2>(mapper: (key: K, value: V) => K2, grouped: Grouped<K2, V>): KGroupedStream<K2, V> {
    const rekeyed = this.selectKey(mapper, grouped.key ? { key: grouped.key } : {});
    return rekeyed.groupByKey(grouped);
  }

  /**
   * Sends the stream through a topic of the application's own, partitioned by the key it has now. The topic
   * is created, never deleted; it has as many partitions as the largest topic that feeds it, unless told.
   * Records without a key are dropped, unless a left or outer join or `dedupe` stands behind it.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   */
  repartition(repartitioned: Repartitioned<K, V> = {}): KStream<K, V> {
    const { graph } = this.#dsl;
    const { key, value } = requireSerdes(this.#serdes(repartitioned), 'repartition()');
    const topic = `${graph.name('KSTREAM-REPARTITION', repartitioned.name)}-repartition`;
    graph.repartitionTopics.push({ name: topic, partitions: repartitioned.partitions });
    const serdes = { keySerde: key as Serde<unknown>, valueSerde: value as Serde<unknown> };
    const sink = graph.name('KSTREAM-SINK');
    graph.sink({
      name: sink,
      parents: [this.#place.parent],
      topic,
      ...serdes,
      partitioner: undefined,
      dropsNullKeys: true,
    });
    const source = graph.name('KSTREAM-SOURCE');
    const parent = graph.source({ name: source, topics: [topic], ...serdes, timestamp: undefined });
    return this.#dsl.stream({ parent, key, value, keyChanged: false });
  }

  /**
   * The newest value of each key as a table; a record without a value removes its row. Where a step before
   * may have changed the key, the records go through a repartition topic.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example const users = events.selectKey((_id, event) => event.user, { key: stringSerde }).toTable()
   */
  toTable(options: ToTable<K, V> = {}): KTable<K, Exclude<V, undefined | null>> {
    const grouped = options as Grouped<K, V>;
    const serdes = requireSerdes(this.#serdes(grouped), 'toTable()');
    const { place } = this.#place.keyChanged ? this.repartition(grouped) : this;
    return this.#dsl.table(tableOf(this.#dsl.graph, { ...place, ...serdes }, options));
  }

  /**
   * Writes the stream to a topic, fixed or chosen by record, in the same transaction as all else the record
   * does. `undefined` keys and values become Kafka's null (a value: a tombstone). The topic must exist: it is
   * the caller's, not the application's. A record of more than 1,000,000
   * bytes is a failure of the stage `production`.
   * @throws FatalError with TOPOLOGY_INVALID where a serde is missing.
   * @example events.to((event) => `events-${event.value.country}`)
   */
  to(topic: string | ((record: { key: K; value: V }) => string), produced: Produced<K, V> = {}): void {
    const { graph } = this.#dsl;
    const step = `to(${typeof topic === 'string' ? topic : '…'})`;
    const { key, value } = requireSerdes(this.#serdes(produced), step);
    graph.sink({
      name: graph.name('KSTREAM-SINK', produced.name),
      parents: [this.#place.parent],
      topic: topic as TopicChoice,
      keySerde: key,
      valueSerde: value,
      partitioner: partitionerOf(produced, key),
    });
  }

  #add<KO, VO>(
    role: string,
    name: string | undefined,
    supplier: ProcessorSupplier<K, V, KO, VO>,
    stores: readonly string[] = [],
  ): Parent {
    const { graph } = this.#dsl;
    return graph.processor(graph.name(role, name), [this.#place.parent], supplier, stores);
  }

  #addFailing<KO, VO>(
    role: string,
    name: string | undefined,
    supplier: ProcessorSupplier<K, V, KO, VO>,
    onFailed: Failing<K, V>['onFailed'],
  ): Parent {
    const parent = this.#add(role, name, supplier);
    const failed = { ...this.#place, parent: { node: parent.node, output: failedOutput }, value: undefined };
    onFailed?.(this.#dsl.stream<K, Failed<V>>(failed));
    return parent;
  }

  #then<K2, V2>(parent: Parent, place: Omit<StreamPlace<K2, V2>, 'parent'>): KStream<K2, V2> {
    const { key, value, keyChanged } = place;
    return this.#dsl.stream({ parent, key, value, keyChanged });
  }

  /** The serdes given to a step, or else those of this stream. */
  #serdes({ key, value }: { key?: Serde<K>; value?: Serde<V> }): Pick<StreamPlace<K, V>, 'key' | 'value'> {
    return { key: key ?? this.#place.key, value: value ?? this.#place.value };
  }
}
