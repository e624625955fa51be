// Whether the variables that a deployment sets are variables of the service, with values that it takes.
import { parseConfig } from '@activity/service';
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
  const unknown = Object.keys(variables)
    .filter((name) => !(name in schema.shape))
    .map((name) => `${where}: ${target} has no variable ${name}`);
  try {
    parseConfig(schema, variables);
    return unknown;
  } catch (error) {
    return [...unknown, `${where}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
