// Where a JSON Schema holds other schemas, and where its references lead.

/** An object of JSON, by its fields. */
export type Fields = Record<string, unknown>;

/** Keywords whose value is one schema. */
export const keywordsOfOne: ReadonlySet<string> = new Set([
  'not',
  'if',
  'then',
  'else',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
  'items',
  'contains',
  'unevaluatedItems',
]);
/** Keywords whose value is a list of schemas. */
export const keywordsOfLists: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
/** Keywords whose value is an object of schemas. */
export const keywordsOfMaps: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
]);

/** What a reference within a schema (`#/$defs/name`) leads to; undefined where it leads to nothing. */
export function targetOf(reference: string, root: unknown): unknown {
  let target = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = typeof target === 'object' && target !== null ? (target as Fields)[name] : undefined;
  }
  return target;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
