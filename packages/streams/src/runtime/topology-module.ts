// A topology as a module: what every worker thread can load for itself, since functions do not pass between threads.
import { FatalError } from '../errors.ts';
import type { Topology } from '../topology/topology.ts';

/** Loads the module at a URL, whose default export builds the topology from the options given. */
export async function loadTopology(module: string, options: unknown): Promise<{ topology: Topology }> {
  const loaded = (await import(module)) as { default?: unknown };
  if (typeof loaded.default !== 'function') {
    throw new FatalError(
      'CONFIGURATION_INVALID',
      `${module} must export by default a function that builds the topology`,
    );
  }
  const build = loaded.default as (given: unknown) => Topology | Promise<Topology>;
  return { topology: await build(options) };
}
