// A JSON Schema without references and without words for people, so that two can be compared.
import { keywordsOfLists, keywordsOfMaps, keywordsOfOne, targetOf, type Fields } from './schema-keywords.ts';

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

/** Writes out a schema that was compiled before: its references lead somewhere, and not back. */
export function expandSchema(schema: unknown, root: unknown = schema): Expanded {
  if (typeof schema === 'boolean') return schema;
  const own: Fields = {};
  let target: Expanded | undefined;
  for (const [keyword, value] of Object.entries(schema as Fields)) {
    if (forPeople.has(keyword)) continue;
    if (keyword === '$ref') target = expandSchema(targetOf(value as string, root), root);
    else if (keywordsOfOne.has(keyword)) own[keyword] = expandSchema(value, root);
    else if (keywordsOfLists.has(keyword))
      own[keyword] = (value as unknown[]).map((part) => expandSchema(part, root));
    else if (keywordsOfMaps.has(keyword)) own[keyword] = expandAll(value as Fields, root);
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
