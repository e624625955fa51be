// A topology as a module: what every worker thread can load for itself, since functions do not pass between
// threads.
import { FatalError } from '../api/errors.ts';
import type { Topology } from '../topology/topology.ts';
import { assertValid } from '../topology/validate.ts';

/**
 * A topology as a module, for threads: its default export is a function that builds it, and may be async.
 * @example { url: new URL('./topology.ts', import.meta.url), options: { input: 'words' } }
 */
export interface TopologyModule {
  /** Where the module is, as `import()` takes it. */
  url: URL | string;
  /** Given to the function; must survive structured cloning. */
  options?: unknown;
}

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

/** Whether a topology is given as a module. */
export function isModule(topology: Topology | TopologyModule): topology is TopologyModule {
  return 'url' in topology;
}

/** The topology that was given, loaded where it is a module. @throws FatalError where it is not valid. */
export async function readTopology(given: Topology | TopologyModule): Promise<Topology> {
  const { topology } = isModule(given)
    ? await loadTopology(String(given.url), given.options)
    : { topology: given };
  assertValid(topology);
  return topology;
}
