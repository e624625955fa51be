// Kafka Streams for TypeScript: everything public, by name.
export { StreamsBuilder } from './dsl/streams-builder.ts';
export type { StoreOptions } from './dsl/streams-builder.ts';
export { BranchedStream } from './dsl/branched-stream.ts';
export { KStream } from './dsl/stream.ts';
export { StatefulStream } from './dsl/stateful-stream.ts';
export type { DedupeOptions, Failing, ProcessOptions } from './dsl/stream-options.ts';
export { GlobalKTable } from './dsl/global-table.ts';
export { KTable } from './dsl/table.ts';
export { KGroupedStream } from './dsl/grouped-stream.ts';
export type { RollingCountOptions } from './dsl/grouped-stream.ts';
export { TimeWindowedKStream } from './dsl/time-windowed-stream.ts';
export { SessionWindowedKStream } from './dsl/session-windowed-stream.ts';
export {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './dsl/cogrouped-stream.ts';
export type { CogroupAggregator, CogroupMaterialized } from './dsl/cogrouped-stream.ts';
export { untilTimeLimit, untilWindowCloses } from './dsl/suppressed.ts';
export type { BufferConfig, EagerBufferConfig, StrictBufferConfig, Suppressed } from './dsl/suppressed.ts';
export type { ToTable } from './dsl/to-table.ts';
export type { WhenFull } from './operators/suppress.ts';
export { KGroupedTable } from './dsl/grouped-table.ts';
export type { KeySelector } from './dsl/stream-joins.ts';
export { AsyncStream } from './dsl/async-steps.ts';
export { JoinableStream } from './dsl/stream-joins.ts';
export { JoinableTable } from './dsl/table-joins.ts';
export { joinWindows } from './dsl/join-windows.ts';
export type { JoinWindowsOptions } from './dsl/join-windows.ts';
export type { ForeignKeyExtractor } from './operators/foreign-key-join.ts';
export type { JoinWindows, ValueJoiner } from './operators/stream-join.ts';
export type {
  Consumed,
  ForeignKeyJoined,
  Grouped,
  Joined,
  Materialized,
  Named,
  Produced,
  Repartitioned,
  StreamJoined,
  TableJoined,
  TableMaterialized,
  WindowMaterialized,
} from './dsl/options.ts';
export type { EmitStrategy } from './dsl/emit-strategy.ts';
export { hopping, sessions, sliding, tumbling } from './dsl/windows.ts';
export { javaSessionWindowedSerde, javaTimeWindowedSerde } from './dsl/java-windowed-serdes.ts';
export { sessionWindowedSerde, windowedSerde } from './dsl/windowed-serde.ts';
export { milliseconds } from './api/duration.ts';
export type { Duration } from './api/duration.ts';
export type { OffsetReset } from './api/offset-reset.ts';
export { FatalError, RejoinError, RetriableError, StreamsError, TaskCorruptedError } from '@activity/kafka';
export type { StreamsErrorCode } from '@activity/kafka';
export type { Credential, SaslOptions, SecurityOptions } from '@activity/kafka';
export type { Emit } from './operators/aggregate.ts';
export type { Duplicate, FirstCopy } from './operators/dedupe.ts';
export type { Failed, Predicate } from './operators/stateless.ts';
export type { SlidingWindows } from './operators/sliding-aggregate.ts';
export type { Merger, SessionWindows } from './operators/session-aggregate.ts';
export type { TimeWindows } from './operators/window-aggregate.ts';
export type { Change, Header, RecordHeaders, StreamRecord, Timestamped, Windowed } from './api/record.ts';
export type {
  Failure,
  FailureAction,
  FailureChoices,
  FailureHandler,
  FailureStage,
} from './runtime/failure-policy.ts';
export type {
  StreamsUncaughtExceptionHandler,
  UncaughtExceptionReply,
} from './runtime/uncaught-exception.ts';
export { noMetrics } from './runtime/metrics.ts';
export type { RuntimeMetrics } from './runtime/metrics.ts';
export type { ThreadState } from './runtime/thread/thread-state.ts';
export { addFields, bytesSerde, jsonObjectSerde, jsonSerde, numberSerde, stringSerde } from './api/serde.ts';
export type { BytesSerde, JsonObject, NamedSerde, Serde, Serialized, TextSerde } from './api/serde.ts';
export {
  booleanSerde,
  doubleSerde,
  floatSerde,
  integerSerde,
  longBigIntSerde,
  longSerde,
  shortSerde,
  uuidSerde,
  voidSerde,
} from './api/java-serdes.ts';
export { readFirstCopy } from './first-copies.ts';
export type { FirstCopyQuery } from './first-copies.ts';
export { resetApplication } from './reset.ts';
export type { ResetOptions, ResetResult } from './reset.ts';
export type { ResetOffset, ResetPosition } from './reset/positions.ts';
export { createStreams } from './start.ts';
export type { CloseOptions, Streams, StreamsDescription } from './streams.ts';
export type { StreamsFigures, ThreadSummary } from './runtime/instance-figures.ts';
export type { StoreSize, TopicLag } from './runtime/thread-figures.ts';
export type { EdgeCount, NodeCount } from './runtime/topology-counts.ts';
export type { StreamsLogger, StreamsOptions } from './streams-options.ts';
export type { InternalTopicConfig, TopicConfig } from './runtime/internal-topic-settings.ts';
export type { RestoringStore, StateRestoreListener } from './runtime/restore-listener.ts';
export type { TopologyModule } from './runtime/topology-module.ts';
export type { ReadableStore } from './runtime/readable-store.ts';
export type { Buffered, BufferStore } from './api/buffer-store.ts';
export type { Session, SessionStore } from './api/session-store.ts';
export type { OpenStepState, StepState } from './api/step-state.ts';
export type {
  ExpiringStore,
  KeyValueStore,
  StoreClock,
  StoreSpec,
  TimelineStore,
  NextValue,
  WindowStore,
} from './api/stores.ts';
export { openTopicReader } from '@activity/kafka';
export type {
  OffsetsByTopic,
  ReadRecord,
  TopicDescription,
  TopicReader,
  TopicReaderOptions,
} from '@activity/kafka';
export { describeTopology, describeMermaid } from './topology/describe.ts';
export { AsyncTimeoutError } from './api/async-processor.ts';
export type {
  AsyncCall,
  AsyncOptions,
  AsyncProcessor,
  AsyncProcessorSupplier,
  CallSettings,
} from './api/async-processor.ts';
export type { CallCounts } from './runtime/step-calls.ts';
export type {
  Cancellable,
  CommitCallbacks,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  PunctuationType,
  RecordPosition,
  StepClock,
  TimestampExtractor,
} from './api/processor.ts';
export type {
  GlobalTable,
  Parent,
  Partitioner,
  ProcessorNode,
  RepartitionTopic,
  SinkNode,
  SourceNode,
  SubTopology,
  TopicChoice,
  Topology,
  TopologyNode,
} from './topology/topology.ts';
export { validate } from './topology/validate.ts';
