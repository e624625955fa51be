// The catalogue of event types: how it is followed and changed, and how events are judged by it.
export { TypesFollower } from './follow-types.ts';
export type { FollowLog, FollowOptions } from './follow-types.ts';
export { KnownTypes, listedNames } from './known-types.ts';
export type { KnownType } from './known-types.ts';
export { EventTypes } from './event-types.ts';
export type { CheckedType, EventTypesOptions, UnknownType } from './event-types.ts';
export type { CheckMetadata, SchemaProblem } from './compile-schema.ts';
export { TypeChanges } from './change-type.ts';
export type { ChangeOptions, Decision } from './change-type.ts';
export { expandSchema } from './expand-schema.ts';
export type { Expanded } from './expand-schema.ts';
export { keywordsOfLists, keywordsOfMaps, keywordsOfOne } from './schema-keywords.ts';
export type { Fields } from './schema-keywords.ts';
export { deleteType, putType } from './put-type.ts';
export type { TypeChange, TypeRefusal } from './put-type.ts';
