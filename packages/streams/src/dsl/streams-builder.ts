// StreamsBuilder: where a topology begins.
import { milliseconds, type Duration } from '../api/duration.ts';
import { checkOffsetReset } from '../api/offset-reset.ts';
import type { Serde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import { assertValid } from '../topology/validate.ts';
import type { TimestampExtractor } from '../api/processor.ts';
import { cutTopology, type Topology } from '../topology/topology.ts';
import { CogroupedKStream } from './cogrouped-stream.ts';
import type { Dsl } from './dsl.ts';
import { GlobalKTable } from './global-table.ts';
import { Graph } from './graph.ts';
import { KGroupedStream } from './grouped-stream.ts';
import { KGroupedTable } from './grouped-table.ts';
import { keptRows } from './kept-rows.ts';
import type { Consumed, Materialized, TableMaterialized } from './options.ts';
import { SessionWindowedKStream } from './session-windowed-stream.ts';
import { StatefulStream } from './stateful-stream.ts';
import { KStream } from './stream.ts';
import { KTable } from './table.ts';
import { TimeWindowedKStream } from './time-windowed-stream.ts';

/** A store for processors of your own. */
export interface StoreOptions<K, V> {
  /** Its name, which is also in its changelog's name: `<applicationId>-<name>-changelog`. */
  name: string;
  /**
   * Which of {@link KeyValueStore}, {@link WindowStore}, {@link SessionStore}, {@link ExpiringStore} and
   * {@link BufferStore} it is.
   */
  kind: StoreSpec['kind'];
  key: Serde<K>;
  value: Serde<V>;
  /** How long entries are kept, in stream time. Window, session and expiring stores need it. */
  retention?: Duration;
  /** Expiring stores: see {@link StoreSpec.prefixLength}. */
  prefixLength?: (key: string) => number;
  /**
   * `manual`: a window store keeps everything until its `expireBefore` is called, whatever stream time says.
   */
  expiry?: 'manual';
  /** false: kept without a changelog; a crash loses it. Default true. */
  changelog?: boolean;
  /**
   * A topic of yours that is the changelog: what the store holds is published there, and restored from there,
   * under any application id. It must exist, be compacted, and have as many partitions as the input.
   */
  changelogTopic?: string;
}

/**
 * Collects a topology. The same declarations give the same names of nodes, stores and internal topics each
 * time; naming stores and repartitioning steps keeps them when steps before them come or go.
 * @example
 * const builder = new StreamsBuilder();
 * builder.stream('words', { key: stringSerde, value: stringSerde
 * }).groupByKey().count().toStream().to('counts'); const topology = builder.build();
 */
export class StreamsBuilder {
  readonly #graph: Graph = new Graph();
  readonly #dsl: Dsl;

  constructor() {
    const dsl: Dsl = {
      graph: this.#graph,
      stream: (place) => new KStream(dsl, place),
      statefulStream: (place, state) => new StatefulStream(dsl, place, state),
      table: (place) => new KTable(dsl, place),
      groupedStream: (place) => new KGroupedStream(dsl, place),
      windowedStream: (place, windows, strategy = 'onWindowUpdate') =>
        new TimeWindowedKStream(dsl, place, windows, strategy),
      sessionStream: (place, windows, strategy = 'onWindowUpdate') =>
        new SessionWindowedKStream(dsl, place, windows, strategy),
      cogroupedStream: (inputs) => new CogroupedKStream(dsl, inputs),
      groupedTable: (place) => new KGroupedTable(dsl, place),
    };
    this.#dsl = dsl;
  }

  /**
   * Reads one or more topics as a stream. They must exist when the application starts; topics that are read
   * together must have equally many partitions.
   *
   * A regular expression reads all topics whose names it matches, but for Kafka's and the application's own.
   * It matches anywhere in a name unless it has `^` and `$`. Topics that are made later are read too, within
   * `metadataMaxAgeMs`; they may have other numbers of partitions, but no more than the changelogs of the
   * steps behind. Two sources may not match one topic.
   * @example
   * builder.stream(/^orders-/, { key: stringSerde, value: jsonSerde<Order>() });
   */
  stream<K, V>(topics: string | readonly string[] | RegExp, consumed: Consumed<K, V>): KStream<K, V> {
    const name = this.#graph.name('KSTREAM-SOURCE', consumed.name);
    const pattern = topics instanceof RegExp ? topics : undefined;
    const named = topics instanceof RegExp ? [] : topics;
    const parent = this.#source(name, typeof named === 'string' ? [named] : named, consumed, pattern);
    return this.#dsl.stream({ parent, key: consumed.key, value: consumed.value, keyChanged: false });
  }

  /** Reads a topic as a table: the newest value of each key. A record without a value removes its row. */
  table<K, V>(
    topic: string,
    consumed: Consumed<K, V>,
    materialized: TableMaterialized<K, V> = {},
  ): KTable<K, V> {
    const { key, value } = consumed;
    const sourceName = this.#graph.name('KSTREAM-SOURCE', consumed.name);
    const source = this.#source(sourceName, [topic], consumed);
    const name = this.#graph.name('KTABLE-SOURCE');
    const { store, changelog = true, historyRetention } = materialized;
    return this.#dsl.table(
      keptRows(this.#graph, {
        name,
        parent: source,
        key,
        value,
        store: store ?? `${topic}-STATE-STORE-${name.slice(-10)}`,
        isNamed: store !== undefined,
        changelog,
        historyRetention,
      }),
    );
  }

  /**
   * Reads a topic as a table that each instance has as a whole, whatever the partitions of its tasks: for
   * joins by any key. Each thread reads the topic from its beginning when it starts, before its tasks begin,
   * and keeps the rows in memory. It has no changelog, and a join sees what has been read by then. Every step
   * of the topology may read its store.
   * @example
   * const countries = builder.globalTable('countries', { key: stringSerde, value: jsonSerde<Country>() });
   * users.join(countries, (_id, user) => user.country, (user, country) => ({ ...user, country: country.name
   * }));
   */
  globalTable<K, V>(
    topic: string,
    { key, value, name: given }: Omit<Consumed<K, V>, 'timestamp' | 'offsetReset'>,
    { store: storeName }: Pick<Materialized<K, V>, 'store'> = {},
  ): GlobalKTable<K, V> {
    const name = this.#graph.name('KSTREAM-SOURCE', given);
    const own = this.#graph.name('KTABLE-SOURCE');
    const store: StoreSpec = {
      name: storeName ?? `${topic}-STATE-STORE-${own.slice(-10)}`,
      kind: 'keyValue',
      keySerde: key,
      valueSerde: value,
      changelog: false,
    };
    this.#graph.globalTables.push({ name, topic, store });
    return new GlobalKTable(store.name);
  }

  /**
   * Declares a store for `process()`, to which it is given by its name or by what this answers.
   * @throws FatalError with TOPOLOGY_INVALID for a retention that is no duration.
   */
  addStore<K, V>(options: StoreOptions<K, V>): StoreSpec {
    const {
      name,
      kind,
      key,
      value,
      retention,
      expiry,
      prefixLength,
      changelog = true,
      changelogTopic,
    } = options;
    return this.#graph.store({
      name,
      kind,
      keySerde: key,
      valueSerde: value,
      ...(retention !== undefined && { retentionMs: milliseconds(retention) }),
      ...(prefixLength && { prefixLength }),
      ...(expiry !== undefined && { expiry }),
      changelog,
      ...(changelogTopic !== undefined && { changelogTopic }),
    });
  }

  /**
   * The topology. @throws FatalError with TOPOLOGY_INVALID that lists every problem it has,
   * each with its remedy.
   */
  build(): Topology {
    const topology = cutTopology(this.#graph);
    assertValid(topology);
    return topology;
  }

  #source<K, V>(
    name: string,
    topics: readonly string[],
    consumed: Consumed<K, V>,
    pattern?: RegExp,
  ): ReturnType<Graph['source']> {
    return this.#graph.source({
      name,
      topics,
      ...(pattern && { pattern }),
      keySerde: consumed.key,
      valueSerde: consumed.value,
      timestamp: consumed.timestamp as TimestampExtractor | undefined,
      ...(consumed.offsetReset !== undefined && { offsetReset: checkOffsetReset(consumed.offsetReset) }),
    });
  }
}
