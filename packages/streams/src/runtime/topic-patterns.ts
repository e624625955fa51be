// Topic patterns: which topics a pattern stands for now, and a topology with these in its place.
import { FatalError } from '../api/errors.ts';
import type { Topology, TopologyNode } from '../topology/topology.ts';

/** The topics that each pattern matches, by the pattern's text. */
export type PatternMatches = { readonly [pattern: string]: readonly string[] };

/** The patterns of a topology, as text. */
export function patternsOf(nodes: readonly TopologyNode[]): string[] {
  return nodes.flatMap((node) => (node.kind === 'source' && node.pattern ? [String(node.pattern)] : []));
}

/** A pattern of its text, `/^a-/i`. */
function patternOf(text: string): RegExp {
  const end = text.lastIndexOf('/');
  return new RegExp(text.slice(1, end), text.slice(end + 1));
}

/** Which of these topics a pattern matches, sorted; internal topics of the application are no input. */
export function matchesOf(text: string, topics: readonly string[], prefix: string): string[] {
  const pattern = patternOf(text);
  return topics.filter((topic) => pattern.test(topic) && !isInternalTopic(prefix, topic)).toSorted();
}

/**
 * Which of these topics each pattern matches.
 * @throws FatalError with TOPOLOGY_INVALID where two patterns match one topic.
 */
export function matchPatterns(
  patterns: readonly string[],
  topics: readonly string[],
  prefix: string,
): PatternMatches {
  const takenBy = new Map<string, string>();
  const matches: { [pattern: string]: string[] } = {};
  for (const text of patterns) {
    matches[text] = matchesOf(text, topics, prefix);
    for (const topic of matches[text]) {
      const other = takenBy.get(topic);
      if (other !== undefined) {
        const what = `topic ${topic} is matched by the patterns ${other} and ${text}`;
        throw new FatalError('TOPOLOGY_INVALID', `${what}; make one of them narrower`);
      }
      takenBy.set(topic, text);
    }
  }
  return matches;
}

/** Whether a topic is one of the own of an application with this prefix, by its name. */
export function isInternalTopic(prefix: string, topic: string): boolean {
  if (!topic.startsWith(`${prefix}-`)) return false;
  return ownSuffixes.some((suffix) => topic.endsWith(suffix));
}

const ownSuffixes = [
  '-changelog',
  '-repartition',
  '-subscription-registration-topic',
  '-subscription-response-topic',
];

/** The topology with topics in place of patterns. */
export function resolveTopology(topology: Topology, matches: PatternMatches): Topology {
  if (patternsOf(topology.nodes).length === 0) return topology;
  const resolve = (nodes: readonly TopologyNode[]): TopologyNode[] =>
    nodes.map((node) =>
      node.kind === 'source' && node.pattern
        ? { ...node, topics: matches[String(node.pattern)] ?? [] }
        : node,
    );
  return {
    ...topology,
    nodes: resolve(topology.nodes),
    subTopologies: topology.subTopologies.map((sub) => {
      const nodes = resolve(sub.nodes);
      const sourceTopics = nodes.flatMap((node) => (node.kind === 'source' ? node.topics : []));
      return { ...sub, nodes, sourceTopics };
    }),
  };
}

/**
 * The topology with the topics that its patterns match now. The topics are asked for only where there are
 * patterns.
 * @throws FatalError as {@link matchPatterns} does.
 */
export async function resolveNow(
  topology: Topology,
  listTopics: () => Promise<readonly string[]>,
  prefix: string,
): Promise<Topology> {
  const patterns = patternsOf(topology.nodes);
  if (patterns.length === 0) return topology;
  return resolveTopology(topology, matchPatterns(patterns, await listTopics(), prefix));
}

/**
 * The part of a resolved topology that has input: without the sub-topologies whose pattern matches nothing
 * yet, and without those that read only what these write.
 */
export function withInput(topology: Topology): Topology {
  if (patternsOf(topology.nodes).length === 0) return topology;
  let { subTopologies, repartitionTopics } = topology;
  const own = new Set(repartitionTopics.map(({ name }) => name));
  for (;;) {
    const written = new Set(
      subTopologies.flatMap(({ nodes }) => nodes.flatMap((node) => (node.kind === 'sink' ? node.topic : []))),
    );
    const left = subTopologies.filter(
      ({ sourceTopics }) =>
        sourceTopics.length > 0 && sourceTopics.every((topic) => !own.has(topic) || written.has(topic)),
    );
    repartitionTopics = repartitionTopics.filter(({ name }) => written.has(name));
    if (left.length === subTopologies.length) break;
    subTopologies = left;
  }
  return {
    ...topology,
    nodes: subTopologies.flatMap(({ nodes }) => nodes),
    subTopologies,
    repartitionTopics,
  };
}
