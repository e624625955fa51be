// Describes a topology: as text in Kafka Streams' form, and as a Mermaid diagram.
import type { Parent, Topology, TopologyNode } from './topology.ts';

function childrenOf(nodes: readonly TopologyNode[], name: string): string[] {
  return nodes
    .filter((n) => n.kind !== 'source' && n.parents.some((p) => p.node === name))
    .map((n) => n.name);
}

function arrow(names: readonly string[]): string {
  return names.length > 0 ? names.join(', ') : 'none';
}

/**
 * The topology in the form of Kafka Streams' `TopologyDescription`: what tools that draw that form read.
 * @example console.log(describeTopology(builder.build()))
 */
export function describeTopology(topology: Topology): string {
  const lines = ['Topologies:'];
  for (const { id, nodes } of topology.subTopologies) {
    lines.push(`   Sub-topology: ${id}`);
    for (const node of nodes) {
      const to = `      --> ${arrow(childrenOf(nodes, node.name))}`;
      if (node.kind === 'source') {
        const topics = node.pattern ? String(node.pattern) : `[${node.topics.join(', ')}]`;
        lines.push(`    Source: ${node.name} (topics: ${topics})`, to);
        continue;
      }
      const from = `      <-- ${arrow(node.parents.map((p) => p.node))}`;
      if (node.kind === 'sink') {
        const topic = typeof node.topic === 'string' ? node.topic : 'chosen by record';
        lines.push(`    Sink: ${node.name} (topic: ${topic})`, from);
      } else {
        lines.push(`    Processor: ${node.name} (stores: [${node.stores.join(', ')}])`, to, from);
      }
    }
    lines.push('');
  }
  for (const [i, { name, topic, store }] of topology.globalTables.entries()) {
    lines.push(
      `   Sub-topology: ${topology.subTopologies.length + i} for global store (will not generate tasks)`,
    );
    lines.push(`    Source: ${name} (topics: [${topic}])`, `      --> ${store.name}`, '');
  }
  return lines.join('\n');
}

/** The topology as a Mermaid flowchart, topics and stores included. */
export function describeMermaid(topology: Topology): string {
  const lines = ['flowchart TD'];
  const id = (name: string): string => name.replaceAll(/[^a-zA-Z0-9]/g, '_');
  const edge = (parent: Parent, child: string): string =>
    parent.output === undefined
      ? `    ${id(parent.node)} --> ${id(child)}`
      : `    ${id(parent.node)} -- ${parent.output} --> ${id(child)}`;
  for (const sub of topology.subTopologies) {
    lines.push(`  subgraph sub${sub.id}["Sub-topology ${sub.id}"]`);
    for (const node of sub.nodes) lines.push(`    ${id(node.name)}["${node.name}"]`);
    for (const store of sub.stores) lines.push(`    store_${id(store.name)}[("${store.name}")]`);
    for (const node of sub.nodes) {
      if (node.kind === 'source') continue;
      for (const parent of node.parents) lines.push(edge(parent, node.name));
      if (node.kind === 'processor')
        for (const s of node.stores) lines.push(`    ${id(node.name)} --- store_${id(s)}`);
    }
    lines.push('  end');
    for (const node of sub.nodes) {
      if (node.kind === 'source') {
        for (const topic of node.pattern ? [String(node.pattern)] : node.topics)
          lines.push(`  topic_${id(topic)}[/"${topic}"/] --> ${id(node.name)}`);
      } else if (node.kind === 'sink' && typeof node.topic === 'string') {
        lines.push(`  ${id(node.name)} --> topic_${id(node.topic)}[/"${node.topic}"/]`);
      }
    }
  }
  for (const { topic, store } of topology.globalTables)
    lines.push(`  topic_${id(topic)}[/"${topic}"/] --> store_${id(store.name)}[("${store.name}")]`);
  return lines.join('\n');
}
