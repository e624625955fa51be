// Configuration: one zod schema per service, read once from the environment, every problem reported at once.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** The shape a service's configuration has: one entry for each environment variable. */
export type ConfigShape = Record<string, z.ZodType>;

/** What the environment was, name by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment does not satisfy the schema. The message has one line for each problem and never a value.
 */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration is not usable:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

interface Given {
  values: Record<string, string>;
  problems: string[];
}

/**
 * What is set, by the variables themselves or by files that `…_FILE` names: secrets are better kept there.
 */
function givenIn(names: readonly string[], environment: Environment): Given {
  const given: Given = { values: {}, problems: [] };
  for (const name of names) {
    const fileVariable = `${name}_FILE`;
    const file = names.includes(fileVariable) ? '' : (environment[fileVariable]?.trim() ?? '');
    let value = environment[name]?.trim() ?? '';
    if (file !== '' && value !== '')
      given.problems.push(`${fileVariable}: must not be set where ${name} is set too`);
    else if (file !== '') {
      try {
        value = readFileSync(file, 'utf8').trim();
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
        given.problems.push(`${fileVariable}: the file cannot be read (${code})`);
      }
    }
    if (value !== '') given.values[name] = value;
  }
  return given;
}

/**
 * Parses the environment. A variable that is empty counts as not set, as Compose writes unset ones. Each can
 * also come out of a file, which `…_FILE` names.
 *
 * @throws ConfigError that names every variable that is wrong, what is wrong with it and what it is for.
 */
export function parseConfig<S extends ConfigShape>(
  schema: z.ZodObject<S>,
  environment: Environment,
): z.output<z.ZodObject<S>> {
  const known = Object.keys(schema.shape);
  const { values, problems } = givenIn(known, environment);
  const parsed = schema.safeParse(values);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new ConfigError([
    ...problems,
    ...(parsed.error?.issues ?? []).map((issue) => {
      const name = String(issue.path[0] ?? '');
      const purpose = schema.shape[name]?.description;
      return `${name}: ${issue.message}${purpose === undefined ? '' : ` (${purpose})`}`;
    }),
  ]);
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
