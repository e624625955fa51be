// Whether what one JSON Schema takes is taken by the next one too. Where that cannot be decided, it says so.
import { isDeepStrictEqual } from 'node:util';
import { compileSchema, type CheckMetadata } from './compile-schema.ts';
import { expandSchema, type Expanded } from './expand-schema.ts';
import { SchemaRefusedError } from './schema-cost.ts';
import type { Fields } from './schema-keywords.ts';

/** The most reasons that are given. */
const mostReasons = 20;

/**
 * Why metadata that is valid by the schema before might not be valid by the one after; empty where all of it
 * stays valid. Both have been compiled.
 * @example incompatibilities({}, { required: ['total'] }) // ['metadata.total: was not required']
 */
export function incompatibilities(before: unknown, after: unknown): string[] {
  return compare(expandSchema(before), expandSchema(after), 'metadata').slice(0, mostReasons);
}

/**
 * What a schema takes of objects alone. Metadata is always one: that a schema begins to say `type: object`
 * changes nothing for it.
 */
export function onlyObjects(schema: unknown): unknown {
  if (schema === true) return { type: 'object' };
  if (schema === false || !typesOf(schema as Fields).includes('object')) return false;
  return { ...(schema as Fields), type: 'object' };
}

const types = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

/** Reasons why an instance of `a` might be none of `b`. */
function compare(a: Expanded, b: Expanded, path: string): string[] {
  if (a === false || b === true || isDeepStrictEqual(a, b)) return [];
  if (b === false) return [`${path}: is not taken any more`];
  const values = valuesOf(a);
  if (values !== undefined) return compareValues(values, a, b, path);
  // Each thing that is asked for now must have been asked for before.
  const conjunctsBefore = conjunctsOf(a);
  return conjunctsOf(b).flatMap((wanted) => {
    let reasons: string[] | undefined;
    for (const known of conjunctsBefore) {
      const found = compareOwn(known, wanted, path);
      if (found.length === 0) return [];
      if (reasons === undefined || found.length < reasons.length) reasons = found;
    }
    return reasons ?? [];
  });
}

/**
 * Schemas that say together what a schema says. One with `unevaluated…` is there as a whole too: what is
 * evaluated depends on all of it, also on its `allOf`.
 */
function conjunctsOf(schema: Expanded): Fields[] {
  if (typeof schema === 'boolean') return schema ? [{}] : [{ not: true }];
  const { allOf, unevaluatedProperties: _, unevaluatedItems: __, ...own } = schema;
  const parts = ((allOf as Expanded[] | undefined) ?? []).flatMap(conjunctsOf);
  return isUnevaluated(schema) ? [schema, own, ...parts] : [own, ...parts];
}

function isUnevaluated(schema: Fields): boolean {
  return 'unevaluatedProperties' in schema || 'unevaluatedItems' in schema;
}

/** The only values that a schema takes, where it lists them. */
function valuesOf(schema: Expanded): unknown[] | undefined {
  if (typeof schema === 'boolean') return undefined;
  if ('const' in schema) return [schema['const']];
  return schema['enum'] as unknown[] | undefined;
}

function compareValues(values: unknown[], a: Expanded, b: Expanded, path: string): string[] {
  let wasTaken: CheckMetadata;
  let isTaken: CheckMetadata;
  try {
    [wasTaken, isTaken] = [compileSchema(a), compileSchema(b)];
  } catch (error) {
    // A part whose references are written out may be larger than a schema may be.
    if (!(error instanceof SchemaRefusedError)) throw error;
    return [`${path}: whether all that was taken is taken cannot be decided`];
  }
  return values
    .filter((value) => wasTaken(value) === undefined && isTaken(value) !== undefined)
    .map((value) => `${path}: ${JSON.stringify(value)} is not taken any more`);
}

/** Without `allOf`. */
function compareOwn(a: Fields, b: Fields, path: string): string[] {
  const had = typesOf(a);
  const has = typesOf(b);
  const gone = had.filter((type) => !has.includes(type));
  if (gone.length > 0) return [`${path}: ${listed(gone)} was taken`];
  return [
    ...(had.includes('object') ? compareObjects(a, b, path) : []),
    ...(had.includes('array') ? compareArrays(a, b, path) : []),
    ...(had.includes('number') || had.includes('integer') ? compareNumbers(a, b, path) : []),
    ...(had.includes('string') ? compareTexts(a, b, path) : []),
    ...compareChoices(a, b, path),
  ];
}

function typesOf({ type, nullable }: Fields): string[] {
  if (type === undefined) return types;
  const given = [type, nullable === true ? 'null' : []].flat() as string[];
  return given.includes('number') ? [...given, 'integer'] : given;
}

function listed(names: string[]): string {
  const shown = names.filter((type) => type !== 'integer' || !names.includes('number'));
  return shown.length === types.length - 2 ? 'any other type' : shown.join(' or ');
}

/** A bound that must not be tighter: `sign` is 1 for a least value, -1 for a greatest. */
function bound(a: Fields, b: Fields, keyword: string, sign: 1 | -1, path: string, none?: number): string[] {
  const now = b[keyword] as number | undefined;
  const before = (a[keyword] as number | undefined) ?? none;
  if (now === undefined || now === none) return [];
  if (before !== undefined && before * sign >= now * sign) return [];
  return [`${path}: ${keyword} was ${before ?? 'not there'} and is ${now}`];
}

function compareNumbers(a: Fields, b: Fields, path: string): string[] {
  const multiple = b['multipleOf'] as number | undefined;
  const before = (a['multipleOf'] as number | undefined) ?? (typesOf(a).includes('number') ? undefined : 1);
  const isMultiple =
    multiple === undefined ||
    before === multiple ||
    (before !== undefined &&
      Number.isInteger(before) &&
      Number.isInteger(multiple) &&
      before % multiple === 0);
  return [
    ...limits(a, b, 'minimum', 'exclusiveMinimum', 1, path),
    ...limits(a, b, 'maximum', 'exclusiveMaximum', -1, path),
    ...(isMultiple ? [] : [`${path}: multipleOf is ${multiple}`]),
  ];
}

/** A limit that may be in either of two keywords. */
function limits(
  a: Fields,
  b: Fields,
  keyword: string,
  exclusive: string,
  sign: 1 | -1,
  path: string,
): string[] {
  const inclusiveBefore = a[keyword] as number | undefined;
  const exclusiveBefore = a[exclusive] as number | undefined;
  const wanted = b[keyword] as number | undefined;
  const wantedExclusive = b[exclusive] as number | undefined;
  const known = [inclusiveBefore, exclusiveBefore].filter((value) => value !== undefined);
  const found: string[] = [];
  if (wanted !== undefined && !known.some((value) => value * sign >= wanted * sign))
    found.push(`${path}: ${keyword} was ${known[0] ?? 'not there'} and is ${wanted}`);
  if (wantedExclusive !== undefined) {
    const isKept =
      (exclusiveBefore !== undefined && exclusiveBefore * sign >= wantedExclusive * sign) ||
      (inclusiveBefore !== undefined && inclusiveBefore * sign > wantedExclusive * sign);
    if (!isKept) found.push(`${path}: ${exclusive} was ${known[0] ?? 'not there'} and is ${wantedExclusive}`);
  }
  return found;
}

function compareTexts(a: Fields, b: Fields, path: string): string[] {
  return [
    ...bound(a, b, 'minLength', 1, path, 0),
    ...bound(a, b, 'maxLength', -1, path),
    ...same(a, b, ['format'], path),
    ...same(a, b, ['pattern'], path),
  ];
}

/** Keywords that must be the same, or gone: more cannot be decided. */
function same(a: Fields, b: Fields, keywords: readonly string[], path: string): string[] {
  const isGone = keywords.every((keyword) => b[keyword] === undefined);
  if (isGone || keywords.every((keyword) => isDeepStrictEqual(a[keyword], b[keyword]))) return [];
  return [
    `${path}: ${keywords.join('/')} is another one: whether all that was taken is taken cannot be decided`,
  ];
}

function compareObjects(a: Fields, b: Fields, path: string): string[] {
  const required = (a['required'] as string[] | undefined) ?? [];
  const wanted = (b['required'] as string[] | undefined) ?? [];
  return [
    ...wanted.filter((name) => !required.includes(name)).map((name) => `${path}.${name}: was not required`),
    ...compareProperties(a, b, path),
    ...bound(a, b, 'minProperties', 1, path, 0),
    ...bound(a, b, 'maxProperties', -1, path),
    ...compareNames(a, b, path),
    ...same(a, b, ['dependentRequired'], path),
    ...same(a, b, ['dependentSchemas'], path),
    ...unevaluated(a, b, 'unevaluatedProperties', path),
  ];
}

function compareNames(a: Fields, b: Fields, path: string): string[] {
  const now = b['propertyNames'] as Expanded | undefined;
  if (now === undefined) return [];
  return compare((a['propertyNames'] as Expanded | undefined) ?? { type: 'string' }, now, `${path} (names)`);
}

/** What it takes depends on all other keywords. */
function unevaluated(a: Fields, b: Fields, keyword: string, path: string): string[] {
  if (b[keyword] === undefined || b[keyword] === true || isDeepStrictEqual(a, b)) return [];
  return [`${path}: has ${keyword}: whether all that was taken is taken cannot be decided`];
}

function compareProperties(a: Fields, b: Fields, path: string): string[] {
  const patterns = b['patternProperties'] ?? {};
  const patternsBefore = a['patternProperties'] ?? {};
  const arePatternsSame = isDeepStrictEqual(patternsBefore, patterns);
  const isClosed = (b['additionalProperties'] ?? true) !== true;
  // Without a pattern, a name is one of the properties or an additional one.
  if (!arePatternsSame && (Object.keys(patterns).length > 0 || isClosed))
    return [`${path}: patternProperties are others: whether all that was taken is taken cannot be decided`];
  const [known, now] = [fieldsOf(a['properties']), fieldsOf(b['properties'])];
  const [others, othersNow] = [
    (a['additionalProperties'] ?? true) as Expanded,
    (b['additionalProperties'] ?? true) as Expanded,
  ];
  const names = new Set([...Object.keys(known), ...Object.keys(now)]);
  const hasPatterns = Object.keys(patterns).length > 0 || Object.keys(patternsBefore).length > 0;
  return [
    ...[...names].flatMap((name) => {
      const place = `${path}.${name}`;
      const before = known[name] as Expanded | undefined;
      const after = now[name] as Expanded | undefined;
      // A pattern may match the name, and then additionalProperties did not apply: any value may be there.
      if (before === undefined && hasPatterns) return compare(true, after as Expanded, place);
      return compare(before ?? others, after ?? othersNow, place);
    }),
    ...compare(others, othersNow, `${path}.*`),
  ];
}

function fieldsOf(value: unknown): Fields {
  return (value as Fields | undefined) ?? {};
}

function compareArrays(a: Fields, b: Fields, path: string): string[] {
  const first = (a['prefixItems'] as Expanded[] | undefined) ?? [];
  const firstNow = (b['prefixItems'] as Expanded[] | undefined) ?? [];
  const [rest, restNow] = [(a['items'] ?? true) as Expanded, (b['items'] ?? true) as Expanded];
  const length = Math.max(first.length, firstNow.length);
  return [
    ...Array.from({ length }, (_, i) =>
      compare(first[i] ?? rest, firstNow[i] ?? restNow, `${path}.${i}`),
    ).flat(),
    ...compare(rest, restNow, `${path}.*`),
    ...bound(a, b, 'minItems', 1, path, 0),
    ...bound(a, b, 'maxItems', -1, path),
    ...(b['uniqueItems'] === true && a['uniqueItems'] !== true ? [`${path}: items need not be unique`] : []),
    ...same(a, b, ['contains', 'minContains', 'maxContains'], path),
    ...unevaluated(a, b, 'unevaluatedItems', path),
  ];
}

function compareChoices(a: Fields, b: Fields, path: string): string[] {
  return [
    ...('const' in b ? [`${path}: more than ${JSON.stringify(b['const'])} was taken`] : []),
    ...('enum' in b ? [`${path}: more than the values of enum was taken`] : []),
    ...compareAnyOf(a, b, path),
    ...same(a, b, ['oneOf'], path),
    ...same(a, b, ['not'], path),
    ...same(a, b, ['if', 'then', 'else'], path),
  ];
}

function compareAnyOf(a: Fields, b: Fields, path: string): string[] {
  const choices = b['anyOf'] as Expanded[] | undefined;
  if (choices === undefined) return [];
  const { anyOf, ...own } = a;
  const before = (anyOf as Expanded[] | undefined) ?? [own];
  const without = before.filter((one) => choices.every((choice) => compare(one, choice, path).length > 0));
  if (without.length === 0 || choices.some((choice) => compare(own, choice, path).length === 0)) return [];
  return [`${path}: anyOf is another one: whether all that was taken is taken cannot be decided`];
}
