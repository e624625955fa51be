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
  for (const node of topology.nodes) {
    if (node.kind !== 'source' || node.offsetReset === undefined) continue;
    for (const topic of node.topics) own.set(names.full(topic), node.offsetReset);
  }
  // What another instance has written to a repartition topic is a part of what was read already: none of it
  // is skipped.
  for (const { name } of topology.repartitionTopics) own.set(names.full(name), 'earliest');
  return (topic) => own.get(topic) ?? ofApplication;
}
