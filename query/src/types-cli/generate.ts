// TypeScript types of the catalogue: what each type's metadata is, and what an event may be.
import { expandSchema, keywordsOfLists, keywordsOfMaps, keywordsOfOne } from '@activity/catalogue';
import type { Expanded, Fields } from '@activity/catalogue';
import { compile } from 'json-schema-to-typescript';

/** A type, as GET /api/types lists it. */
export interface ListedType {
  name: string;
  version: number;
  schema?: unknown;
  description?: string | undefined;
}

const banner = `// Written by \`npm run types -- generate\` from the catalogue of event types: do not edit.`;

/**
 * A name for the interface of a type's metadata that no other one has. A letter behind a digit is a capital:
 * `compile` would write it as one.
 */
function interfaceName(name: string, taken: Set<string>): string {
  const words = name.normalize('NFKD').match(/[A-Za-z0-9]+/g) ?? [];
  const joined = words.map((word) => {
    const rest = word === word.toUpperCase() ? word.slice(1).toLowerCase() : word.slice(1);
    const capital = word.charAt(0).toUpperCase() + rest;
    return capital.replaceAll(/\d[a-z]/g, (letter) => letter.toUpperCase());
  });
  const stem = `${/^\d/.test(joined[0] ?? '') ? 'Type' : ''}${joined.join('')}Metadata`;
  let free = stem;
  for (let count = 2; taken.has(free); count++) free = `${stem}${count}`;
  taken.add(free);
  return free;
}

/** More items than that are not written out. */
const mostWritten = 20;

/** A schema whose tuples are written as in the draft that `compile` knows. */
function withTuples(schema: Expanded): Expanded {
  if (typeof schema === 'boolean') return schema;
  const made: Fields = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keywordsOfOne.has(keyword)) made[keyword] = withTuples(value as Expanded);
    else if (keywordsOfLists.has(keyword)) made[keyword] = (value as Expanded[]).map(withTuples);
    else if (keywordsOfMaps.has(keyword))
      made[keyword] = Object.fromEntries(
        Object.entries(value as Fields).map(([name, part]) => [name, withTuples(part as Expanded)]),
      );
    else if (!(keyword === 'minItems' || keyword === 'maxItems') || Number(value) <= mostWritten)
      made[keyword] = value;
  }
  const { prefixItems, items = true, ...rest } = made;
  return prefixItems === undefined ? made : { ...rest, items: prefixItems, additionalItems: items };
}

/** A text as a comment cannot end it. */
function commented(text: string): string {
  return text.replaceAll('*/', '*\\/').replaceAll(/\s+/g, ' ');
}

/**
 * The module: an interface for the metadata of each type that has a schema, `MetadataOf` with all of them by
 * name, and `Event`, which is what the edge takes.
 */
export async function generateTypes(types: readonly ListedType[]): Promise<string> {
  const taken = new Set(['MetadataOf', 'EventType', 'Event']);
  const parts: string[] = [];
  const fields: string[] = [];
  for (const { name, version, schema, description } of types.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    let metadata = 'Record<string, unknown>';
    // Written out: parts of two schemas may have the same name.
    const whole = schema === undefined ? true : withTuples(expandSchema(schema));
    if (typeof whole === 'object') {
      metadata = interfaceName(name, taken);
      const titled = { ...whole, title: metadata };
      const options = { bannerComment: '', format: false, strictIndexSignatures: true };
      parts.push((await compile(titled, metadata, options)).trim());
    }
    const said = description === undefined ? '' : ` ${commented(description)}`;
    if (version > 0 || said !== '') fields.push(`  /** Version ${version}.${said} */`);
    fields.push(`  ${JSON.stringify(name)}: ${metadata};`);
  }
  return `${banner}

${parts.join('\n\n')}${parts.length > 0 ? '\n\n' : ''}/** The metadata of each registered type. */
export interface MetadataOf {
${fields.join('\n')}
}

/** The name of a registered type. */
export type EventType = keyof MetadataOf;

/** An event of a registered type, as the edge takes it. */
export type Event<T extends EventType = EventType> = {
  [Name in T]: {
    userId: string;
    activityType: Name;
    metadata: MetadataOf[Name];
    eventId?: string;
    timestamp?: string | number;
  };
}[T];
`;
}
