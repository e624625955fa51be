// What a JSON Schema costs at most, before it is compiled: a schema that could take long for some metadata is
// refused, with its reason.
import { maxSchemaBytes } from '@activity/contracts';
import { LinearPattern } from './linear-pattern.ts';
import { keywordsOfLists, keywordsOfMaps, keywordsOfOne, targetOf, type Fields } from './schema-keywords.ts';

/** A schema is refused; the message says where, and why. */
export class SchemaRefusedError extends Error {}

/** The deepest nesting of a schema. */
const maxDepth = 64;
/**
 * The most that one value may be compared with: keywords, what a reference leads to again and again, values
 * of `enum`, and steps of patterns.
 */
const maxCost = 2_000;
/** `uniqueItems` compares each item with each other one. */
const uniqueItemsCost = 200;

/** Keywords that are not taken, and what is there instead. */
const refused: ReadonlyMap<string, string> = new Map([
  ['$dynamicRef', 'write $ref'],
  ['$dynamicAnchor', 'put the schema into $defs'],
  ['$anchor', 'put the schema into $defs'],
  ['$recursiveRef', 'write $ref'],
  ['$vocabulary', 'leave it out'],
  ['contentSchema', 'leave it out'],
  ['dependencies', 'write dependentRequired or dependentSchemas'],
]);

/**
 * Refuses what could not be checked in a bounded time, and what cannot be kept.
 * @throws SchemaRefusedError
 */
export function checkCost(schema: unknown): void {
  if (typeof schema === 'boolean') return;
  if (!isFields(schema)) throw new SchemaRefusedError('schema: must be an object, true or false');
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > maxSchemaBytes)
    throw new SchemaRefusedError(`schema: has ${bytes} bytes, and must not have more than ${maxSchemaBytes}`);
  if (depthOf(schema, maxDepth + 1) > maxDepth)
    throw new SchemaRefusedError(`schema: must not nest deeper than ${maxDepth}`);
  const cost = new Costs(schema).of(schema, 'schema', []);
  if (cost > maxCost)
    throw new SchemaRefusedError(
      `schema: a value would be compared ${cost > 1e9 ? 'more than 1,000,000,000' : cost} times, and must not be more than ${maxCost} times: use fewer keywords, references and alternatives`,
    );
}

class Costs {
  readonly #root: Fields;
  readonly #known = new Map<unknown, number>();

  constructor(root: Fields) {
    this.#root = root;
  }

  of(schema: unknown, path: string, within: readonly unknown[]): number {
    if (!isFields(schema)) return 1;
    const known = this.#known.get(schema);
    if (known !== undefined) return known;
    if (within.includes(schema))
      throw new SchemaRefusedError(`${path}: leads back to itself; write out how deep it goes`);
    const inside = [...within, schema];
    let cost = 1 + Object.keys(schema).length;
    for (const [keyword, value] of Object.entries(schema)) {
      const place = `${path}.${keyword}`;
      const instead = refused.get(keyword);
      if (instead !== undefined) throw new SchemaRefusedError(`${place}: is not taken: ${instead}`);
      // References inside of it would lead from there, and not from the root.
      if (keyword === '$id' && schema !== this.#root)
        throw new SchemaRefusedError(`${place}: is taken at the root alone: put the schema into $defs`);
      if (keywordsOfOne.has(keyword)) cost += this.of(value, place, inside);
      else if (keywordsOfLists.has(keyword) || keywordsOfMaps.has(keyword))
        cost += this.#all(value, place, inside);
      else if (keyword === 'enum' && Array.isArray(value)) cost += value.length;
      else if (keyword === 'uniqueItems') cost += uniqueItemsCost;
      else if (keyword === 'pattern') cost += stepsOf(value, place);
      else if (keyword === '$ref') cost += this.of(this.#target(value, place), place, inside);
      if (keyword === 'patternProperties' && isFields(value))
        for (const pattern of Object.keys(value)) cost += stepsOf(pattern, `${place}.${pattern}`);
    }
    this.#known.set(schema, cost);
    return cost;
  }

  #all(parts: unknown, path: string, within: readonly unknown[]): number {
    if (typeof parts !== 'object' || parts === null) return 0;
    let cost = 0;
    for (const [name, part] of Object.entries(parts)) cost += this.of(part, `${path}.${name}`, within);
    return cost;
  }

  #target(reference: unknown, path: string): unknown {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference))
      throw new SchemaRefusedError(`${path}: must be a reference within the schema, like #/$defs/name`);
    const target = targetOf(reference, this.#root);
    if (target === undefined) throw new SchemaRefusedError(`${path}: leads to nothing`);
    return target;
  }
}

function stepsOf(pattern: unknown, path: string): number {
  if (typeof pattern !== 'string') throw new SchemaRefusedError(`${path}: must be a text`);
  try {
    return new LinearPattern(pattern).steps;
  } catch (error) {
    throw new SchemaRefusedError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function depthOf(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null || most === 0) return 0;
  let deepest = 0;
  for (const part of Object.values(value)) deepest = Math.max(deepest, depthOf(part, most - 1));
  return deepest + 1;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
