// What the stages of the pipeline agree on: topics, events, documents, identity. Connects to nothing: what
// talks to a server is handed its connection.
export {
  defaultApplicationId,
  defaultConnectorPrefix,
  defaultTopics,
  requiredSettings,
  topicEnvironment,
  topicSpecs,
  topicVariables,
  topicsNamed,
  topicsOf,
  typeChangesId,
} from './topics.ts';
export type { TopicSpec, Topics } from './topics.ts';
export { deployedNames } from './service-names.ts';
export { settingProblem } from './topic-settings.ts';
export type { TopicSetting } from './topic-settings.ts';
export { makeTopics, readSettings } from './make-topics.ts';
export type { MadeTopics, SettingsAdmin, TopicAdmin } from './make-topics.ts';
export { formerPrincipals, kafkaPrincipals, kafkaRights, rightsOfUsers } from './kafka-rights.ts';
export type { KafkaOperation, KafkaPrincipal, KafkaRight, KafkaUser, RightsOptions } from './kafka-rights.ts';
export { applyMongoRights, mongoAccounts, mongoRights } from './mongo-rights.ts';
export type { AdminDatabase, MongoAccount, MongoRight } from './mongo-rights.ts';
export {
  activityEvent,
  activityInput,
  activityInputOf,
  activityTypeVariables,
  defaultActivityTypes,
  defaultMinEventYear,
} from './activity-event.ts';
export { cloudEventField, cloudEventId } from './cloud-event.ts';
export { idText, maxIdBytes } from './ids.ts';
export { maxTypeNameBytes, namedCounts, typeKey, typeName, typeNameProblem, typeOfKey } from './type-name.ts';
export {
  currentVersion,
  eventTypeInput,
  eventType,
  eventTypeVersion,
  isDeleted,
  keptVersions,
  maxSchemaBytes,
  metadataSchema,
  maxTypes,
  typeModes,
  typeRecord,
} from './event-type.ts';
export type {
  DeletedType,
  EventType,
  EventTypeInput,
  EventTypeVersion,
  TypeMode,
  TypeRecord,
} from './event-type.ts';
export type { ActivityEvent, ActivityInput, ActivityInputSchema, Sender } from './activity-event.ts';
export {
  replayedFromHeader,
  deleteLogCommand,
  eraseUserCommand,
  isCommand,
  rawCommand,
  rawRecord,
} from './raw-record.ts';
export type { DeleteLogCommand, EraseUserCommand, RawCommand, RawRecord } from './raw-record.ts';
export { readRawRecord } from './read-raw-record.ts';
export { refusedItem } from './refused-item.ts';
export type { ReadRawRecord } from './read-raw-record.ts';
export { canonicalAddress, isWithin, networkOf, parseNetwork } from './address.ts';
export type { Network } from './address.ts';
export { fullDateTime, isoTime, parseIsoTime } from './iso-time.ts';
export { findUnstorable, isStorable, maxNesting, maxRawValues, maxValues } from './storable.ts';
export type { Unstorable } from './storable.ts';
export {
  everyone,
  fenceId,
  lateCountId,
  logId,
  maxPartitions,
  rawPosition,
  sizesOf,
  windowId,
  windowSizes,
} from './identity.ts';
export type { LateSize, WindowSize } from './identity.ts';
export {
  collections,
  dateFields,
  enrichedLog,
  erasureSchema,
  globalCountSchema,
  ledgerClasses,
  ledgerEntrySchema,
  marker,
  sessionMerge,
  erasedLogsCollection,
  freshnessCollection,
  logExpiryIndex,
  lossesId,
  receiptsCollection,
  typeIndexes,
  violationsIndex,
  userActivitySchema,
  windowCountSchema,
} from './documents.ts';
export { expiredIn, shownLogs } from './log-expiry.ts';
export type {
  Address,
  Client,
  CountsByType,
  EnrichedLog,
  Erasure,
  ErasedLog,
  ErasureReceipt,
  HeldPlace,
  Freshness,
  Loss,
  Losses,
  GlobalCount,
  LedgerClass,
  LedgerEntry,
  Marker,
  SessionMerge,
  PageSource,
  Place,
  RollingCounts,
  UserActivity,
  WindowCount,
} from './documents.ts';
export {
  auditActions,
  auditActor,
  auditDetails,
  auditKindOf,
  auditKinds,
  auditRecord,
} from './audit-record.ts';
export type { AuditAction, AuditActor, AuditDetails, AuditRecord } from './audit-record.ts';
export { jsonSchemaOf, topicSchemas } from './topic-schemas.ts';
export type { SchemaTopic, TopicValue } from './topic-schemas.ts';
export { erasureState, firstCopyAnswer, foundEvent, stageReport } from './stage-answers.ts';
export type { ErasureState, FirstCopyAnswer, FoundEvent, StageReport } from './stage-answers.ts';
