// How many partitions the repartition topics of a topology get.
import type { Topology } from '../topology/topology.ts';

/**
 * Gives each repartition topic as many partitions as it asks for. Others get as many as the topics that are
 * read together with them, since their records meet in one task; where these are repartition topics too, as
 * many as the largest topic that feeds one of them.
 */
export function countRepartitionTopics(topology: Topology, counts: Map<string, number>): void {
  const { repartitionTopics, subTopologies } = topology;
  for (const { name, partitions } of repartitionTopics)
    if (partitions !== undefined) counts.set(name, partitions);
  const open = new Set(repartitionTopics.map(({ name }) => name).filter((name) => !counts.has(name)));
  const feeding = (name: string): readonly string[] =>
    subTopologies.find(({ nodes }) => nodes.some((node) => node.kind === 'sink' && node.topic === name))
      ?.sourceTopics ?? [];
  const largest = (topics: readonly string[]): number =>
    Math.max(0, ...topics.map((topic) => counts.get(topic) ?? 0));
  /** Counts the topics that are read together; with `isStrict`, only where all that feeds them is counted. */
  const countTogether = (together: readonly string[], isStrict: boolean): boolean => {
    const uncounted = together.filter((topic) => open.has(topic));
    if (uncounted.length === 0) return false;
    let count = largest(together);
    if (count === 0) {
      const sources = uncounted.flatMap(feeding);
      if (isStrict && sources.some((topic) => !counts.has(topic))) return false;
      count = largest(sources);
    }
    if (count === 0) return false;
    for (const topic of uncounted) {
      counts.set(topic, count);
      open.delete(topic);
    }
    return true;
  };
  const groups = subTopologies.map(({ sourceTopics }) => sourceTopics);
  // Topics that feed each other, as those of a join by a foreign key may, are never all counted before one
  // is.
  for (const isStrict of [true, false])
    while (open.size > 0 && groups.some((together) => countTogether(together, isStrict)));
  for (const name of open) counts.set(name, 1);
}
