// A JSON Schema without references and without words for people, so that two can be compared.
type Fields = Record<string, unknown>;

/** A schema whose references are written out. */
export type Expanded = boolean | Fields;

const forPeople = new Set([
  '$comment',
  '$defs',
  '$id',
  '$schema',
  'default',
  'definitions',
  'deprecated',
  'description',
  'examples',
  'readOnly',
  'title',
  'writeOnly',
]);
const one = ['not', 'if', 'then', 'else', 'additionalProperties', 'unevaluatedProperties', 'propertyNames'];
const parts = new Set([...one, 'items', 'contains', 'unevaluatedItems']);
const lists = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const maps = new Set(['properties', 'patternProperties', 'dependentSchemas']);

/** Writes out a schema that was compiled before: its references lead somewhere, and not back. */
export function expandSchema(schema: unknown, root: unknown = schema): Expanded {
  if (typeof schema === 'boolean') return schema;
  const own: Fields = {};
  let target: Expanded | undefined;
  for (const [keyword, value] of Object.entries(schema as Fields)) {
    if (forPeople.has(keyword)) continue;
    if (keyword === '$ref') target = expandSchema(targetOf(value as string, root), root);
    else if (parts.has(keyword)) own[keyword] = expandSchema(value, root);
    else if (lists.has(keyword)) own[keyword] = (value as unknown[]).map((part) => expandSchema(part, root));
    else if (maps.has(keyword)) own[keyword] = expandAll(value as Fields, root);
    else own[keyword] = value;
  }
  if (target === undefined) return own;
  return Object.keys(own).length === 0 ? target : { allOf: [target, own] };
}

function expandAll(schemas: Fields, root: unknown): Fields {
  const all = Object.create(null) as Fields;
  for (const [name, schema] of Object.entries(schemas)) all[name] = expandSchema(schema, root);
  return all;
}

function targetOf(reference: string, root: unknown): unknown {
  let target = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = (target as Fields)[name];
  }
  return target;
}
