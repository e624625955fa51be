// From a JSON Schema (2020-12) to a function that finds what is wrong with an event's metadata.
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { LinearPattern } from './linear-pattern.ts';
import { checkCost, SchemaRefusedError } from './schema-cost.ts';

/** What a schema refuses: where, by a dotted path that begins with `metadata`, and why. */
export interface SchemaProblem {
  field: string;
  message: string;
}

/** Finds what a schema refuses of metadata; undefined where it refuses nothing. */
export type CheckMetadata = (metadata: unknown) => SchemaProblem[] | undefined;

/** The formats that are checked. */
const formats = [
  'date',
  'date-time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'json-pointer',
  'time',
  'uri',
  'uuid',
] as const;

/** The most problems that are listed. */
const mostProblems = 20;
const longestMessage = 200;

/**
 * Compiles a schema: its check takes a bounded time for all metadata that an event can have.
 * @throws SchemaRefusedError where it is no JSON Schema of 2020-12, has a keyword that is not known, or could
 * take long: the message says where, and why.
 */
export function compileSchema(schema: unknown): CheckMetadata {
  checkCost(schema);
  checkDraft(schema);
  const validate = compiled(schema);
  return function check(metadata) {
    try {
      if (validate(metadata)) return undefined;
    } catch {
      // Ajv compares objects by their functions valueOf and toString, which a field of that name replaces.
      return [
        { field: 'metadata', message: 'has a field named valueOf or toString, which cannot be compared' },
      ];
    }
    const errors = validate.errors ?? [];
    return errors.slice(0, mostProblems).map(problemOf);
  };
}

/** A validator for one schema: what a schema names by its `$id` is no other schema's. */
function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    // Type and properties may be in different parts of a schema: what is written is right.
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allErrors: true,
    ownProperties: true,
    messages: true,
    logger: false,
    code: {
      regExp: Object.assign((pattern: string) => new LinearPattern(pattern), { code: 'LinearPattern' }),
    },
  });
  addFormats.default(ajv, [...formats]);
  return ajv;
}

const draft = 'https://json-schema.org/draft/2020-12/schema';

function checkDraft(schema: unknown): void {
  const given = (schema as Partial<Record<string, unknown>>)['$schema'];
  if (given === undefined || given === draft) return;
  throw new SchemaRefusedError(
    `schema.$schema: is ${shortened(JSON.stringify(given))}, and must be "${draft}" or left out`,
  );
}

/** Checks schemas. It compiles the schema of schemas once, which takes longer than one of a type. */
let ofSchemas: Ajv2020 | undefined;

function compiled(schema: unknown): ReturnType<Ajv2020['compile']> {
  const ajv = newAjv();
  ajv.validateSchema = (given, throwOrLogError) => {
    ofSchemas ??= newAjv();
    return ofSchemas.validateSchema(given, throwOrLogError);
  };
  try {
    return ajv.compile(schema as object | boolean);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SchemaRefusedError(`schema: ${plainly(message).slice(0, 500)}`, { cause: error });
  }
}

/** Ajv's words for what is wrong with a schema, for somebody who does not know Ajv. */
function plainly(message: string): string {
  const [, format, place] = /^unknown format "(.*)" ignored in schema at path "(.*)"/s.exec(message) ?? [];
  if (format !== undefined)
    return `unknown format "${format}" at ${place}: the formats are ${formats.join(', ')}`;
  const [, problems] = /^schema is invalid: (.*)$/s.exec(message) ?? [];
  if (problems === undefined) return message.replace(/^strict mode: /, '');
  // The parts of the schema of schemas repeat what they have in common.
  const told = new Set(problems.split(', data').map((problem) => problem.replace(/^data/, '')));
  return `is no JSON Schema of 2020-12: ${[...told].map((problem) => `schema${problem}`).join(', ')}`;
}

function problemOf({ instancePath, keyword, params, message = 'is refused' }: ErrorObject): SchemaProblem {
  const path = ['metadata', ...instancePath.split('/').slice(1).map(unescaped)];
  const given = params as Record<string, unknown>;
  switch (keyword) {
    case 'required':
      return { field: [...path, String(given['missingProperty'])].join('.'), message: 'is missing' };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = given['additionalProperty'] ?? given['unevaluatedProperty'];
      return { field: [...path, String(name)].join('.'), message: 'is not a field of this type' };
    }
    case 'enum': {
      const allowed = (given['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ');
      return { field: path.join('.'), message: shortened(`must be one of ${allowed}`) };
    }
    case 'const':
      return {
        field: path.join('.'),
        message: shortened(`must be ${JSON.stringify(given['allowedValue'])}`),
      };
    default:
      return { field: path.join('.'), message: shortened(message) };
  }
}

function shortened(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
