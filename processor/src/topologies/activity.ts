// The activity topology: raw records in; logs, counts, users, erasures, the ledger and dead letters out.
//
//  raw ─▶ admit ─▶ recall ─▶ dedupe ─▶ enrich ─▶ enriched ─▶ counts by user, users, rolling, minutes of all users
//           ├─ refused ─▶ dead letters     │         ▲
//           │                              └─ sessions that became one
//           ├─ delete a log ─▶ marker ───────────────┘
//           └─ erase a user ─▶ erase ─▶ markers, erasures            every verdict ─▶ ledger
import {
  windowSizes,
  type Erasure,
  type EnrichedLog,
  type LedgerEntry,
  type Marker,
  type SessionMerge,
  type Topics,
  type WindowCount,
} from '@activity/contracts';
import {
  jsonSerde,
  stringSerde,
  StreamsBuilder,
  type KStream,
  type StepState,
  type Topology,
} from '@activity/streams';
import type { SharedTypesOptions } from '@activity/catalogue/shared';
import { dedupeIdOf, dedupeStep } from '../first-copy.ts';
import { eventTime, incomingSerde, rawKeySerde, type IncomingEvent } from '../incoming.ts';
import { admit, erasureOutput, markerOutput, type ErasureCommand } from '../steps/admit.ts';
import { countsByTypeSerde, tallySerde } from '../steps/count.ts';
import { countWindows, lateCountsStore, windowStores } from '../steps/count-windows.ts';
import { blockSerde } from '../steps/bit-block.ts';
import { decisionsStore } from '../steps/decisions.ts';
import { enrichSteps, type Enrichment } from '../steps/enrich/steps.ts';
import type { RetentionOptions } from '../steps/retention.ts';
import type { PrivacyOptions } from '../steps/enrich/privacy.ts';
import { enrich, sessionMergeOutput } from '../steps/enrich.ts';
import { countFenceOutput, erase, logFenceOutput, storesOfUsers } from '../steps/erase.ts';
import { addMinutes, countMinutes, globalCountsStore, minutesStore } from '../steps/global-count.ts';
import { keepLedger, ledgerStore, positionsStore } from '../steps/ledger.ts';
import { originStore, type Origin } from '../steps/origin.ts';
import { peopleStore, personSerde } from '../steps/person.ts';
import {
  fingerprintOf,
  isConflicting,
  recallDuplicates,
  replayMarkerOutput,
  settleDuplicates,
} from '../steps/settle-duplicates.ts';
import type { RecordSpans } from '../steps/record-spans.ts';
import { globalCountSerde, minutePartSerde, userRecordSerde } from '../steps/stored-records.ts';
import { countTotals, keepRolling, usersStore } from '../steps/user.ts';
import { verdictOutput, type Verdict } from '../steps/verdict.ts';
import { openTypeCounts } from '../type-counts.ts';

/** What the topology can be told. Times in milliseconds. Plain data, so that it can be given to a thread. */
export interface ActivityOptions {
  topics: Topics;
  dedupeMs: number;
  graceMs: number;
  /** How long after their end the counts of hours and days are kept in state. */
  countStateMs: number;
  /** ACTIVITY_TYPES. */
  activityTypes: readonly string[];
  /** UNKNOWN_TYPES. */
  unknownTypes: 'refuse' | 'take';
  /** The catalogue of types, as the process shares it with its threads; absent: it is empty. */
  types?: SharedTypesOptions | undefined;
  /** The largest raw record that is processed, in bytes. */
  maxBytes: number;
  /** Refuses what comes of a user after their erasure. */
  suppressErased: boolean;
  /** Enrichments that are switched off. */
  off: readonly Enrichment[];
  /** A MaxMind file. */
  geoDatabase: string | undefined;
  privacy: PrivacyOptions;
  retention: RetentionOptions;
  /** What `ce_source` says on the enriched topic; undefined: its records have no headers of CloudEvents. */
  cloudEventsSource: string | undefined;
  /** Whether logs are counted by type, for `showTypeCounts`. */
  countTypes: boolean;
}

/**
 * Everything derived from a raw record goes to that record's partition,
 * so that one user's records stay in order.
 */
function samePartition(_record: unknown, _partitions: number, source: number): number {
  return source;
}

const text = { key: stringSerde, partitioner: samePartition };

function addStores(builder: StreamsBuilder, { topics, graceMs, countStateMs }: ActivityOptions): void {
  const keyValue = { kind: 'keyValue', key: stringSerde } as const;
  builder.addStore({ ...keyValue, name: originStore, value: jsonSerde<Origin>() });
  builder.addStore({ ...keyValue, name: peopleStore, value: personSerde });
  builder.addStore({ ...keyValue, name: ledgerStore, value: jsonSerde<LedgerEntry>() });
  builder.addStore({ ...keyValue, name: positionsStore, value: blockSerde });
  builder.addStore({
    ...keyValue,
    name: decisionsStore,
    value: blockSerde,
    changelogTopic: topics.decisions,
  });
  builder.addStore({
    ...keyValue,
    name: usersStore,
    value: userRecordSerde,
    changelogTopic: topics.users,
  });
  builder.addStore({
    ...keyValue,
    name: globalCountsStore,
    value: globalCountSerde,
    changelogTopic: topics.globalCounts,
  });
  const retention = windowSizes.minute + graceMs;
  builder.addStore({
    name: minutesStore,
    kind: 'window',
    key: stringSerde,
    value: countsByTypeSerde,
    retention,
  });
  const tallies = { kind: 'window', key: stringSerde, value: tallySerde } as const;
  builder.addStore({ ...tallies, name: windowStores.minute, retention });
  for (const size of ['hour', 'day'] as const) {
    const kept = windowSizes[size] + countStateMs;
    builder.addStore({ ...tallies, name: windowStores[size], retention: kept, expiry: 'manual' });
  }
  // By the day that they came, and that day in one segment.
  builder.addStore({ ...tallies, name: lateCountsStore, retention: 2 * windowSizes.day, expiry: 'manual' });
}

function countByWindow(
  logs: KStream<string, EnrichedLog>,
  { topics, graceMs, countStateMs: stateMs }: ActivityOptions,
): void {
  logs
    .process(countWindows({ graceMs, stateMs }), {
      name: 'count-windows',
      stores: [...Object.values(windowStores), lateCountsStore, originStore, peopleStore],
    })
    .to(topics.counts, { ...text, name: 'counts', value: jsonSerde<WindowCount | Marker>() });
}

/** Returns the state of the rolling counts. */
function countUsers(logs: KStream<string, EnrichedLog>): StepState<string> {
  // Totals first: the rolling count of a log finds its user's record.
  logs.processValues(countTotals(), { name: 'user-totals', stores: [usersStore] });
  const rolling = logs.groupByKey().rollingCount({ name: 'rolling', last: ['5m', '1h', '24h'] });
  rolling.processValues(keepRolling(), { name: 'user-rolling', stores: [usersStore] });
  return rolling.state;
}

function countEveryone(logs: KStream<string, EnrichedLog>): void {
  logs
    .process(countMinutes(), {
      name: 'count-minutes',
      stores: [minutesStore, originStore],
      key: stringSerde,
      value: minutePartSerde,
    })
    .repartition({ name: 'minutes' })
    .process(addMinutes(), { name: 'add-minutes', stores: [globalCountsStore] });
}

function eraseUsers(
  admitted: KStream<string, IncomingEvent>,
  steps: readonly StepState<string>[],
  { topics, graceMs, countStateMs: stateMs }: ActivityOptions,
): void {
  const erased = admitted
    .output<ErasureCommand>(erasureOutput)
    .processValues(erase({ graceMs, stateMs, steps }), {
      name: 'erase',
      stores: [...storesOfUsers, ...steps],
      value: jsonSerde<Erasure>(),
    });
  erased.to(topics.erasures, { ...text, name: 'erasures' });
  const value = jsonSerde<Marker>();
  erased.output(logFenceOutput, { value }).to(topics.enriched, { ...text, name: 'log-fences' });
  erased.output(countFenceOutput, { value }).to(topics.counts, { ...text, name: 'count-fences' });
}

/** Builds the topology. Threads load the default export; `traced-activity.ts` gives it `spans`. */
export default function activityTopology(options: ActivityOptions, spans?: RecordSpans): Topology {
  const { topics, dedupeMs, graceMs, maxBytes, off, privacy, retention, cloudEventsSource } = options;
  const typeCounts = options.countTypes ? openTypeCounts() : undefined;
  const builder = new StreamsBuilder();
  addStores(builder, options);
  const admitted = builder
    .stream(topics.raw, {
      name: 'raw',
      key: rawKeySerde,
      value: incomingSerde(maxBytes),
      timestamp: eventTime,
    })
    .processValues(admit(options), { name: 'admit', stores: [originStore, peopleStore, usersStore] });
  const verdicts = [admitted.output<Verdict>(verdictOutput)];
  const undecided = admitted.processValues(recallDuplicates, { name: 'recall', stores: [decisionsStore] });
  verdicts.push(undecided.output<Verdict>(verdictOutput));
  const marker = jsonSerde<Marker>();
  const markers = [
    admitted.output<Marker>(markerOutput, { value: marker }),
    undecided.output<Marker>(replayMarkerOutput, { value: marker }),
  ];
  const originals = undecided.dedupe({
    name: dedupeStep,
    by: ({ event, erasedBy }) => dedupeIdOf(event.eventId, erasedBy),
    within: dedupeMs,
    // By arrival: a copy of an event that is dated a year ago comes seconds after it.
    clock: 'arrival',
    fingerprint: (incoming) => fingerprintOf(incoming, privacy.hashKey),
    conflicting: isConflicting,
    onDuplicate(duplicates) {
      const how = { name: 'duplicates', stores: [decisionsStore] };
      const settled = duplicates.processValues(settleDuplicates, how);
      verdicts.push(settled);
      markers.push(settled.output<Marker>(replayMarkerOutput, { value: marker }));
    },
  });
  const logs = originals.processValues(
    enrich({
      steps: enrichSteps(options),
      sessions: !off.includes('session'),
      graceMs,
      retention,
      types: options.types,
      cloudEventsSource,
      typeCounts,
      spans,
    }),
    { name: 'enrich', stores: [peopleStore], value: jsonSerde<EnrichedLog>() },
  );
  verdicts.push(logs.output<Verdict>(verdictOutput));
  logs.to(topics.enriched, { ...text, name: 'enriched' });
  logs
    .output(sessionMergeOutput, { value: jsonSerde<SessionMerge>() })
    .to(topics.enriched, { ...text, name: 'session-merges' });
  markers.reduce((all, some) => all.merge(some)).to(topics.enriched, { ...text, name: 'markers' });
  countByWindow(logs, options);
  const rolling = countUsers(logs);
  countEveryone(logs);
  eraseUsers(admitted, [originals.state, rolling], options);
  verdicts
    .reduce((all, some) => all.merge(some))
    .process(keepLedger(), { name: 'ledger', stores: [ledgerStore, positionsStore, originStore] })
    .to(topics.ledger, { ...text, name: 'ledger-entries', value: jsonSerde<LedgerEntry>() });
  return builder.build();
}
