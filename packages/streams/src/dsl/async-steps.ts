// The steps of KStream that await.
import type { AsyncCall, AsyncOptions, AsyncProcessorSupplier } from '../api/async-processor.ts';
import type { StreamRecord } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';
import { mapAsync } from '../operators/map-async.ts';
import { failedOutput, type Failed } from '../operators/stateless.ts';
import type { Parent } from '../topology/topology.ts';
import { callSettings } from './call-settings.ts';
import type { Dsl, StreamPlace } from './dsl.ts';
import type { Grouped, Named } from './options.ts';
import type { KStream } from './stream.ts';
import { JoinableStream } from './stream-joins.ts';
import { storeNames, type Failing, type ProcessOptions } from './stream-options.ts';

/** A stream whose records can be awaited for: what {@link KStream} has for it. */
export abstract class AsyncStream<K, V> extends JoinableStream<K, V> {
  readonly #dsl: Dsl;

  /** @internal */
  constructor(dsl: Dsl, place: StreamPlace<K, V>) {
    super(dsl, place);
    this.#dsl = dsl;
  }

  /**
   * Replaces key and value by what a promise brings, such as that of a request. The calls of many records are
   * in flight at once; those of one key follow each other. The next steps get a result between two records,
   * with the time and the headers of its own record.
   *
   * Results commit exactly once: a commit waits for the calls in flight, and takes their results with the
   * offsets of their records. Effects are at least once: after a failure, a crash or an abort the call is
   * made again, so it should be idempotent. A call that fails is retried; one that has failed for good is a
   * failure of the stage `processing`, unless `onFailed` takes it. What is grouped afterwards goes through a
   * repartition topic. Not in Kafka Streams.
   * @throws FatalError with TOPOLOGY_INVALID for options that cannot be, or where the order by key needs a
   * serde.
   * @example
   * stream.mapAsync(async (id, order, { signal }) => [order.customer, await rate(order, signal)], {
   *   maxInFlight: 1_000, timeout: '2s', key: stringSerde, value: jsonSerde<Rated>(),
   * })
   */
  mapAsync<K2, V2>(
    mapper: (key: K, value: V, call: AsyncCall) => PromiseLike<readonly [K2, V2]>,
    options: AsyncOptions & Grouped<K2, V2> & Failing<K, V> = {},
  ): KStream<K2, V2> {
    const supplier = mapAsync(
      ({ key, value }: StreamRecord<K, V>, call) => mapper(key, value, call),
      ({ timestamp, headers }, [key, value]: readonly [K2, V2]) => ({ key, value, timestamp, headers }),
      options.onFailed !== undefined,
    );
    const parent = this.#addFailing('KSTREAM-MAP-ASYNC', 'mapAsync()', supplier, options);
    return this.#dsl.stream({ parent, key: options.key, value: options.value, keyChanged: true });
  }

  /**
   * Replaces the value by what a promise brings; the key stays, so grouping by it needs no repartition topic.
   * Otherwise as {@link KStream.mapAsync}.
   * @throws FatalError with TOPOLOGY_INVALID for options that cannot be, or where the order by key needs a
   * serde.
   * @example
   * orders.mapValuesAsync((order, id, { signal }) => price(order, signal), {
   *   timeout: '2s', value: jsonSerde<Priced>(), onFailed: (failed) => failed.foreach(noteFailure),
   * })
   */
  mapValuesAsync<V2>(
    mapper: (value: V, key: K, call: AsyncCall) => PromiseLike<V2>,
    options: AsyncOptions & Named & Failing<K, V> & { value?: Serde<V2> } = {},
  ): KStream<K, V2> {
    const supplier = mapAsync(
      ({ key, value }: StreamRecord<K, V>, call) => mapper(value, key, call),
      ({ key, timestamp, headers }, value: V2) => ({ key, value, timestamp, headers }),
      options.onFailed !== undefined,
    );
    const parent = this.#addFailing('KSTREAM-MAPVALUES-ASYNC', 'mapValuesAsync()', supplier, options);
    return this.#dsl.stream({ ...this.place, parent, value: options.value });
  }

  /**
   * Runs a processor of your own that awaits a call for each record, one instance for each task. What comes
   * of the call is processed with the context and its stores, and commits exactly once with the record.
   * Otherwise as {@link KStream.mapAsync}.
   * @throws FatalError with TOPOLOGY_INVALID for options that cannot be, or where the order by key needs a
   * serde.
   * @example orders.processAsync(price, { stores: [prices], maxInFlight: 1_000, value: jsonSerde<Priced>() })
   */
  processAsync<R, KO, VO>(
    supplier: AsyncProcessorSupplier<K, V, R, KO, VO>,
    options: AsyncOptions & ProcessOptions<KO, VO> = {},
  ): KStream<KO, VO> {
    const { key, value, stores = [] } = options;
    const parent = this.#add(
      'KSTREAM-PROCESS-ASYNC',
      'processAsync()',
      supplier,
      options,
      storeNames(stores),
    );
    return this.#dsl.stream({ parent, key, value, keyChanged: true });
  }

  #addFailing<R, KO, VO>(
    role: string,
    step: string,
    supplier: AsyncProcessorSupplier<K, V, R, KO, VO>,
    options: AsyncOptions & Named & Failing<K, V>,
  ): Parent {
    const parent = this.#add(role, step, supplier, options);
    const failed = { ...this.place, parent: { node: parent.node, output: failedOutput }, value: undefined };
    options.onFailed?.(this.#dsl.stream<K, Failed<V>>(failed));
    return parent;
  }

  #add<R, KO, VO>(
    role: string,
    step: string,
    supplier: AsyncProcessorSupplier<K, V, R, KO, VO>,
    options: AsyncOptions & Named,
    stores: readonly string[] = [],
  ): Parent {
    const { graph } = this.#dsl;
    const settings = callSettings(step, options, this.place.key);
    return graph.asyncProcessor(
      graph.name(role, options.name),
      [this.place.parent],
      supplier,
      settings,
      stores,
    );
  }
}
