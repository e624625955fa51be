// From the options of `npm run types -- put` to the body of the request.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/** The options, as they were given. */
export interface PutOptions {
  schema?: string | undefined;
  mode?: string | undefined;
  owner?: string | undefined;
  description?: string | undefined;
  'retention-days'?: string | undefined;
}

/** A path as it was given: npm runs scripts in the root of the project. */
export function pathOf(given: string): string {
  return resolve(process.env['INIT_CWD'] ?? '', given);
}

/**
 * The body: what is not given is not in it, `none` of a schema or a retention is null.
 *
 * @throws Error where the file of the schema holds no JSON, or the days are no number
 */
export async function putInput(options: PutOptions): Promise<Record<string, unknown>> {
  const { schema, mode, owner, description, 'retention-days': days } = options;
  return {
    ...(schema !== undefined && { schema: schema === 'none' ? null : await schemaIn(pathOf(schema)) }),
    ...(mode !== undefined && { mode }),
    ...(owner !== undefined && { owner }),
    ...(description !== undefined && { description }),
    ...(days !== undefined && { retentionDays: days === 'none' ? null : daysIn(days) }),
  };
}

async function schemaIn(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`${file} is no JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function daysIn(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`--retention-days ${text}: must be a whole number of days, or none`);
}
