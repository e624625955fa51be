// Configuration: one zod schema per service, read once from the environment, every problem reported at once.
import type { z } from 'zod';

/** The shape a service's configuration has: one entry for each environment variable. */
export type ConfigShape = Record<string, z.ZodType>;

/** What the environment was, name by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment does not satisfy the schema. The message has one line for each problem and never a value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration is not usable:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Parses the environment. A variable that is empty counts as not set, as Compose writes unset ones.
 *
 * @throws ConfigError that names every variable that is wrong, what is wrong with it and what it is for.
 */
export function parseConfig<S extends ConfigShape>(
  schema: z.ZodObject<S>,
  environment: Environment,
): z.output<z.ZodObject<S>> {
  const known = Object.keys(schema.shape);
  const given = Object.fromEntries(
    known.flatMap((name) => {
      const value = environment[name]?.trim();
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? '');
      const purpose = schema.shape[name]?.description;
      return `${name}: ${issue.message}${purpose === undefined ? '' : ` (${purpose})`}`;
    }),
  );
}

/**
 * {@link parseConfig} for a process: what is wrong goes to stderr, line by line, and the process ends with 1.
 *
 * @example const config = loadConfig(z.object({ PORT: portNumber(3000).describe('HTTP port') }), process.env);
 */
export function loadConfig<S extends ConfigShape>(
  schema: z.ZodObject<S>,
  environment: Environment,
): z.output<z.ZodObject<S>> {
  try {
    return parseConfig(schema, environment);
  } catch (error) {
    if (error instanceof ConfigError) {
      console.error(error.message);
      process.exit(1);
    }
    throw error;
  }
}

/** One row of a service's table of variables. */
export interface Variable {
  name: string;
  description: string;
  /** As it would be written in the environment; empty where unset is the default. */
  default: string;
}

/**
 * The variables of a schema, for README tables and `.env.example`.
 *
 * @throws Error where a variable lacks a default or a description: each must have both.
 */
export function variablesOf(schema: z.ZodObject<ConfigShape>): Variable[] {
  return Object.entries(schema.shape).map(([name, type]) => {
    const fallback = type.safeParse(undefined);
    if (!fallback.success) throw new Error(`${name} has no default`);
    if (type.description === undefined) throw new Error(`${name} has no description: add .describe()`);
    return { name, description: type.description, default: written(fallback.data) };
  });
}

function written(value: unknown): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map(written).join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
