// Which offset reset applies to a topic: that of its source, or that of the application.
import type { OffsetReset } from '../api/offset-reset.ts';
import type { Topology } from '../topology/topology.ts';
import type { TopicNames } from './topic-names.ts';

/** The offset reset of each input topic, by its full name. */
export function offsetResets(
  topology: Topology,
  names: TopicNames,
  ofApplication: OffsetReset,
): (topic: string) => OffsetReset {
  const own = new Map<string, OffsetReset>();
  const patterns: [RegExp, OffsetReset][] = [];
  for (const node of topology.nodes) {
    if (node.kind !== 'source' || node.offsetReset === undefined) continue;
    if (node.pattern) patterns.push([node.pattern, node.offsetReset]);
    for (const topic of node.topics) own.set(names.full(topic), node.offsetReset);
  }
  // What another instance has written to a repartition topic is a part of what was read already: none of it
  // is skipped.
  for (const { name } of topology.repartitionTopics) own.set(names.full(name), 'earliest');
  const ofPattern = (topic: string): OffsetReset | undefined =>
    patterns.find(([pattern]) => pattern.test(topic))?.[1];
  return (topic) => own.get(topic) ?? ofPattern(topic) ?? ofApplication;
}
