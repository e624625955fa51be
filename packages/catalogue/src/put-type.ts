// What a PUT or DELETE makes of a type: the record to write, or why none is written.
import {
  currentVersion,
  isDeleted,
  keptVersions,
  maxTypes,
  type DeletedType,
  type EventType,
  type EventTypeInput,
  type EventTypeVersion,
  type TypeMode,
  type TypeRecord,
} from '@activity/contracts';
import { compileSchema } from './compile-schema.ts';
import { incompatibilities, onlyObjects } from './compatibility.ts';
import { SchemaRefusedError } from './schema-cost.ts';

/** Why a change is not made. */
export type TypeRefusal =
  /** What was put is wrong. */
  | { kind: 'invalid'; details: { field: string; message: string }[] }
  /** What was valid would not stay valid: `force` makes the change all the same. */
  | { kind: 'incompatible'; reasons: string[] }
  /** The revision is another one than the one that was expected; undefined: there is no such type. */
  | { kind: 'changed'; revision: number | undefined }
  | { kind: 'not-found' }
  | { kind: 'full' };

/** Who changes a type, and on what condition. */
export interface TypeChange {
  name: string;
  /** The id of the API key. */
  by: string;
  /** ISO-8601. */
  at: string;
  /** The revision that the type must have: `none` for a type that must not be there yet. */
  expected?: number | 'none' | undefined;
}

function revisionOf(current: TypeRecord | undefined): number | undefined {
  return current === undefined || isDeleted(current) ? undefined : current.revision;
}

function isExpected({ expected }: TypeChange, current: TypeRecord | undefined): boolean {
  if (expected === undefined) return true;
  return (expected === 'none' ? undefined : expected) === revisionOf(current);
}

/** What is left of a value that is put: `null` takes it away, absent leaves it. */
function put<T>(given: T | null | undefined, known: T | undefined): T | undefined {
  return given === undefined ? known : (given ?? undefined);
}

/**
 * Makes a type, or its next revision; a new version where the schema is another one. A field that is not put
 * stays as it is. A change that changes nothing is the type as it is.
 */
export function putType(
  current: TypeRecord | undefined,
  input: EventTypeInput,
  change: TypeChange & {
    force: boolean;
    /** How many types there are. */
    types: number;
  },
): EventType | TypeRefusal {
  if (!isExpected(change, current)) return { kind: 'changed', revision: revisionOf(current) };
  const known = current === undefined || isDeleted(current) ? undefined : current;
  if (known === undefined && change.types >= maxTypes) return { kind: 'full' };
  const before = known && currentVersion(known);
  const schema = put(input.schema, before?.schema);
  const problem = schema === undefined ? undefined : problemOf(schema);
  if (problem !== undefined) return { kind: 'invalid', details: [{ field: 'schema', message: problem }] };
  const isNew = before === undefined || !isSame(schema, before.schema);
  const mode = input.mode ?? known?.mode ?? (schema === undefined ? 'off' : 'strict');
  if (before !== undefined && !change.force) {
    const reasons = narrowed(before, schema, mode);
    if (reasons.length > 0) return { kind: 'incompatible', reasons };
  }
  const made: EventType = {
    name: change.name,
    mode,
    ...optional('description', put(input.description, known?.description)),
    ...optional('owner', put(input.owner, known?.owner)),
    ...optional('retentionDays', put(input.retentionDays, known?.retentionDays)),
    revision: (current?.revision ?? 0) + 1,
    versions: isNew ? versionsWith(current, schema, change) : (known?.versions ?? []),
    createdAt: known?.createdAt ?? change.at,
    updatedAt: change.at,
    by: change.by,
  };
  return known !== undefined && isUnchanged(made, known) ? known : made;
}

/** What stays of a type that is deleted. */
export function deleteType(current: TypeRecord | undefined, change: TypeChange): DeletedType | TypeRefusal {
  if (!isExpected(change, current)) return { kind: 'changed', revision: revisionOf(current) };
  if (current === undefined || isDeleted(current)) return { kind: 'not-found' };
  const { name, by, at } = change;
  const lastVersion = currentVersion(current).version;
  return { name, deletedAt: at, by, revision: current.revision + 1, lastVersion };
}

function versionsWith(
  current: TypeRecord | undefined,
  schema: EventTypeVersion['schema'],
  { at, by }: TypeChange,
): EventTypeVersion[] {
  const known = current === undefined || isDeleted(current) ? [] : current.versions;
  // Numbers are never given twice: logs name the version that they were checked by.
  const last =
    current !== undefined && isDeleted(current) ? current.lastVersion : (known.at(-1)?.version ?? 0);
  const version = { version: last + 1, ...optional('schema', schema), createdAt: at, by };
  return [...known, version].slice(-keptVersions);
}

/** Why what was valid would not stay valid. */
function narrowed(before: EventTypeVersion, schema: EventTypeVersion['schema'], mode: TypeMode): string[] {
  if (schema === undefined || isSame(schema, before.schema)) return [];
  if (before.schema !== undefined) return incompatibilities(onlyObjects(before.schema), schema);
  // A first schema refuses nothing until its mode is strict.
  return mode === 'strict' ? ['any metadata was valid: put the schema in the mode warn first'] : [];
}

function problemOf(schema: unknown): string | undefined {
  try {
    compileSchema(schema);
    return undefined;
  } catch (error) {
    if (error instanceof SchemaRefusedError) return error.message.replace(/^schema: /, '');
    throw error;
  }
}

function isUnchanged(made: EventType, known: EventType): boolean {
  const rest = { revision: 0, updatedAt: '', by: '' };
  return isSame({ ...made, ...rest }, { ...known, ...rest });
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function optional<Name extends string, T>(name: Name, value: T | undefined): { [N in Name]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: T };
}
