// Whether the variables that a deployment sets are variables of the service, with values that it takes, and
// all it needs.
import { parseConfig, variablesOf } from '@activity/service';
import { environmentOf, readDockerfile } from './dockerfile.ts';
import { schemas } from './sources.ts';

/** A container and its variables; undefined is a value that is known only when it runs. */
export interface Settings {
  where: string;
  /** The Dockerfile's target. */
  target: string;
  variables: Record<string, string | undefined>;
}

/** What is wrong with the variables, one line each; empty where nothing is. */
export function problemsOf({ where, target, variables }: Settings): string[] {
  const schema = schemas[target];
  if (schema === undefined) return [`${where}: no service is known for the target ${target}`];
  const known = Object.keys(schema.shape);
  const names = Object.keys(variables);
  // What comes out of a file is known only when it runs.
  const files = new Set(
    names.filter((name) => !known.includes(name) && known.includes(name.replace(/_FILE$/, ''))),
  );
  const unknown = names
    .filter((name) => !known.includes(name) && !files.has(name))
    .map((name) => `${where}: ${target} has no variable ${name}`);
  try {
    const written = Object.entries(variables).filter(([name]) => !files.has(name));
    parseConfig(schema, Object.fromEntries(written));
    return unknown;
  } catch (error) {
    return [...unknown, `${where}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** What a container lacks to work beside others; empty where nothing is. Its image's own variables count. */
export function lacksOf({ where, target, variables }: Settings): string[] {
  const schema = schemas[target];
  // The set-up steps need one server each.
  if (schema === undefined || target === 'setup') return [];
  const set = new Set(
    Object.keys({ ...environmentOf(readDockerfile(), target), ...variables }).flatMap((name) => [
      name,
      name.replace(/_FILE$/, ''),
    ]),
  );
  const lacks = variablesOf(schema)
    .filter(({ name, default: fallback }) => fallback.includes('127.0.0.1') && !set.has(name))
    .map(({ name }) => `${where}: ${name} is left at what is good on one machine only`);
  const decided = set.has('API_KEYS_FILE') || variables['ALLOW_ANONYMOUS'] === 'true';
  if ('ALLOW_ANONYMOUS' in schema.shape && !decided)
    lacks.push(
      `${where}: neither API_KEYS_FILE nor ALLOW_ANONYMOUS=true, without which ${target} refuses to start`,
    );
  return lacks;
}
