// Validation: what is wrong with a topology, each problem with its remedy.
import { FatalError } from '../api/errors.ts';
import { hasRetention } from '../api/stores.ts';
import type { Topology, TopologyNode } from './topology.ts';

const nameRule = /^[a-zA-Z0-9._-]{1,200}$/;

/**
 * Every problem of a topology that can be seen without a broker,
 * each with its remedy; empty where there is none.
 */
export function validate(topology: Topology): string[] {
  const problems: string[] = [];
  const { nodes, globalTables } = topology;
  const stores = [...topology.stores, ...globalTables.map(({ store }) => store)];
  const byName = new Map<string, TopologyNode>();
  if (!nodes.some((node) => node.kind === 'source')) {
    problems.push('the topology reads nothing; start with stream() or table()');
  }
  for (const node of nodes) {
    if (byName.has(node.name)) problems.push(`two nodes are named ${node.name}; name one of them otherwise`);
    byName.set(node.name, node);
    if (!nameRule.test(node.name)) {
      problems.push(
        `the name ${JSON.stringify(node.name)} is not usable; use letters, digits, '.', '_' and '-'`,
      );
    }
  }
  const storeNames = new Set<string>();
  for (const store of stores) {
    if (storeNames.has(store.name))
      problems.push(`two stores are named ${store.name}; name one of them otherwise`);
    storeNames.add(store.name);
    if (hasRetention(store.kind) && store.retentionMs === undefined) {
      problems.push(`store ${store.name} needs a retention: pass { retention: '1h' } to addStore()`);
    }
    if (!nameRule.test(store.name)) {
      problems.push(
        `the store name ${JSON.stringify(store.name)} is not usable; use letters, digits, '.', '_' and '-'`,
      );
    }
  }
  const readBy = new Map<string, string>();
  for (const { topic, name } of globalTables) {
    const other = readBy.get(topic);
    if (other) problems.push(`topic ${topic} is read by ${other} and ${name}; use one global table twice`);
    readBy.set(topic, name);
  }
  for (const node of nodes) {
    if (node.kind === 'source') {
      for (const topic of node.topics) {
        const other = readBy.get(topic);
        if (other)
          problems.push(
            `topic ${topic} is read by ${other} and ${node.name}; read it once and use the stream twice`,
          );
        readBy.set(topic, node.name);
      }
      continue;
    }
    for (const { node: parent } of node.parents) {
      if (!byName.has(parent)) problems.push(`${node.name} has the parent ${parent}, which does not exist`);
    }
    if (node.kind !== 'processor') continue;
    for (const store of node.stores) {
      if (!storeNames.has(store)) {
        problems.push(`${node.name} uses the store ${store}, which is not there; declare it with addStore()`);
      }
    }
  }
  problems.push(...sharedChangelogs(topology), ...wrongPatterns(topology, readBy), ...cycles(nodes));
  return problems;
}

/** Patterns that match what another source reads, or that keep a position from one match to the next. */
function wrongPatterns({ nodes, stores }: Topology, readBy: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  for (const node of nodes) {
    if (node.kind !== 'source' || !node.pattern) continue;
    const { name, pattern } = node;
    if (pattern.global || pattern.sticky) {
      problems.push(`the pattern ${pattern} of ${name} has the flag g or y; leave it out`);
      continue;
    }
    const same = seen.get(String(pattern));
    if (same)
      problems.push(
        `the pattern ${pattern} is read by ${same} and ${name}; read it once and use the stream twice`,
      );
    seen.set(String(pattern), name);
    for (const [topic, other] of readBy)
      if (pattern.test(topic))
        problems.push(
          `the pattern ${pattern} of ${name} matches topic ${topic}, which ${other} reads; make it narrower`,
        );
    for (const { name: store, changelogTopic } of stores)
      if (changelogTopic !== undefined && pattern.test(changelogTopic))
        problems.push(
          `the pattern ${pattern} of ${name} matches topic ${changelogTopic}, the changelog of store ${store}; make it narrower`,
        );
  }
  return problems;
}

/**
 * Changelogs that hold more than the changes of one store. A store takes every record of its changelog when
 * it is restored, and its position passes over every record: it would differ from before the restart.
 */
function sharedChangelogs({ nodes, stores, repartitionTopics }: Topology): string[] {
  const problems: string[] = [];
  const storeOf = new Map<string, string>();
  for (const { name, changelogTopic } of stores) {
    if (changelogTopic === undefined) continue;
    const remedy = 'give the store a topic of its own';
    const other = storeOf.get(changelogTopic);
    if (other !== undefined)
      problems.push(`stores ${other} and ${name} have one changelog topic, ${changelogTopic}; ${remedy}`);
    storeOf.set(changelogTopic, name);
    if (repartitionTopics.some((topic) => topic.name === changelogTopic)) {
      problems.push(
        `topic ${changelogTopic}, the changelog of store ${name}, is a repartition topic; ${remedy}`,
      );
      continue;
    }
    for (const node of nodes) {
      if (node.kind === 'source' && node.topics.includes(changelogTopic))
        problems.push(
          `topic ${changelogTopic}, the changelog of store ${name}, is read by ${node.name}; ${remedy}`,
        );
      if (node.kind === 'sink' && node.topic === changelogTopic)
        problems.push(
          `topic ${changelogTopic}, the changelog of store ${name}, is written by ${node.name}; ${remedy}`,
        );
    }
  }
  return problems;
}

function cycles(nodes: readonly TopologyNode[]): string[] {
  const parents = new Map(nodes.map((node) => [node.name, node.kind === 'source' ? [] : node.parents]));
  const done = new Set<string>();
  const path: string[] = [];
  const found: string[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    if (path.includes(name)) {
      found.push(
        `the nodes ${[...path.slice(path.indexOf(name)), name].join(' <- ')} form a cycle; go through a topic`,
      );
      return;
    }
    path.push(name);
    for (const { node } of parents.get(name) ?? []) visit(node);
    path.pop();
    done.add(name);
  };
  for (const node of nodes) visit(node.name);
  return found;
}

/** Throws one error that lists every problem. */
export function assertValid(topology: Topology): void {
  const problems = validate(topology);
  if (problems.length > 0) {
    throw new FatalError('TOPOLOGY_INVALID', `the topology is not valid:\n- ${problems.join('\n- ')}`);
  }
}

/**
 * The problems that only the broker's topics show: source topics that do not exist, and sub-topologies whose
 * source topics differ in their partitions though their records meet in one task.
 */
export function validatePartitions(
  topology: Topology,
  partitionsOf: (topic: string) => number | undefined,
): string[] {
  const problems: string[] = [];
  for (const { sourceTopics, nodes } of topology.subTopologies) {
    const counts = new Map<number, string[]>();
    for (const topic of sourceTopics) {
      const partitions = partitionsOf(topic);
      if (partitions === undefined) {
        problems.push(`topic ${topic} does not exist; create it before the application starts`);
        continue;
      }
      counts.set(partitions, [...(counts.get(partitions) ?? []), topic]);
    }
    const sources = nodes.filter((node) => node.kind === 'source');
    const isOnePattern = sources.length === 1 && sources[0]?.pattern !== undefined;
    if (counts.size > 1 && !isOnePattern) {
      const list = [...counts].map(([count, topics]) => `${topics.join(', ')} (${count})`).join(' and ');
      problems.push(
        `topics that are processed together need equal partition counts: ${list}; use repartition() on a stream of ` +
          'one of them, or globalTable() for a table that streams are joined with',
      );
    }
  }
  return problems;
}
