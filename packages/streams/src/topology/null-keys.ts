// Which repartition topics take records without a key: those that are needed behind them.
// Source: Kafka Streams' NodesWithRelaxedNullKeyJoinDownstream (KIP-962).
import type { RepartitionTopic, TopologyNode } from './topology.ts';

/**
 * The nodes, with those sinks open to records without a key that have a step behind them which takes them: a
 * left or outer join, or `dedupe`.
 */
export function withNullKeysTaken(
  nodes: readonly TopologyNode[],
  repartitionTopics: readonly RepartitionTopic[],
): readonly TopologyNode[] {
  const internal = new Set<unknown>(repartitionTopics.map(({ name }) => name));
  const sources = new Map<string, string>();
  const children = new Map<string, string[]>();
  const known = new Map<string, boolean>();
  for (const node of nodes) {
    if (node.kind === 'source')
      for (const topic of node.topics.filter((name) => internal.has(name))) sources.set(topic, node.name);
    else
      for (const { node: parent } of node.parents) {
        const list = children.get(parent);
        if (list) list.push(node.name);
        else children.set(parent, [node.name]);
      }
    if (node.kind === 'processor' && node.takesNullKeys === true) known.set(node.name, true);
  }
  for (const node of nodes) {
    const source = node.kind === 'sink' && typeof node.topic === 'string' && sources.get(node.topic);
    if (typeof source === 'string') children.set(node.name, [source]);
  }

  function areTaken(name: string): boolean {
    const found = known.get(name);
    if (found !== undefined) return found;
    const result = (children.get(name) ?? []).some((child) => areTaken(child));
    known.set(name, result);
    return result;
  }

  return nodes.map((node) =>
    node.kind === 'sink' && node.dropsNullKeys === true && areTaken(node.name)
      ? { ...node, dropsNullKeys: false }
      : node,
  );
}
