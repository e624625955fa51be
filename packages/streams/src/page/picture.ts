// What is drawn of a topology: boxes with lines of text, and lines between them. No sizes yet.
import { topicNames } from '../runtime/topic-names.ts';
import type { StreamsDescription } from '../streams.ts';
import type { SubTopology, TopologyNode } from '../topology/topology.ts';

/** A text that may change: which figure of which thing it shows. */
export interface Figure {
  /** What is shown: the browser's script knows how. */
  show: string;
  of: string;
}

/** A row of a box. */
export interface Row {
  text: string;
  look?: 'dim' | 'store' | 'trouble';
  figure?: Figure;
  /** A second figure after the first, which is not shown as trouble. */
  also?: Figure;
}

/** A box. */
export interface Box {
  id: string;
  kind: 'topic' | 'repartition' | 'deadLetters' | 'source' | 'step' | 'sink' | 'globalTable';
  /** The whole name, for people. */
  name: string;
  caption: string;
  rows: Row[];
}

/** A line between boxes, or from a sub-topology. */
export interface Arrow {
  id: string;
  kind: 'records' | 'reads' | 'deadLetters';
  from: string;
  to: string;
  label: Row[];
}

/** A sub-topology: its boxes and the arrows among them. */
export interface Part {
  id: string;
  title: string;
  boxes: Box[];
  arrows: Arrow[];
}

/** Everything that is drawn. */
export interface Picture {
  parts: Part[];
  /** What stands outside of the sub-topologies. */
  boxes: Box[];
  arrows: Arrow[];
}

/** The name of an edge, as the browser's script makes it of its figures. */
export function edgeName(from: string, output: string | undefined, to: string): string {
  return JSON.stringify([from, output ?? null, to]);
}

/** The picture of an application. */
export function pictureOf({ internalTopicPrefix, topology, deadLetterTopic }: StreamsDescription): Picture {
  const { full } = topicNames(internalTopicPrefix, topology);
  const own = new Set(topology.repartitionTopics.map(({ name }) => name));
  const inputs = new Set([
    ...topology.subTopologies.flatMap(({ sourceTopics }) => sourceTopics),
    ...topology.globalTables.map(({ topic }) => topic),
  ]);
  const topics = new Map<string, Box>();
  const arrows: Arrow[] = [];

  function topicBox(topic: string): string {
    const id = `topic:${topic}`;
    const isOwn = own.has(topic);
    const rows: Row[] = inputs.has(topic)
      ? [{ text: '', look: 'dim', figure: { show: 'partitions', of: full(topic) } }]
      : [];
    topics.set(id, {
      id,
      kind: isOwn ? 'repartition' : 'topic',
      name: topic,
      caption: isOwn ? 'repartition topic' : 'topic',
      rows,
    });
    return id;
  }

  function arrow(kind: Arrow['kind'], from: string, to: string, label: Row[]): void {
    arrows.push({ id: `${kind}:${from}>${to}`, kind, from, to, label });
  }

  const parts = topology.subTopologies.map((part) => {
    for (const node of part.nodes) {
      if (node.kind === 'source') {
        if (node.pattern && node.topics.length === 0)
          arrow('records', patternBox(node.pattern), `node:${node.name}`, []);
        for (const topic of node.topics)
          arrow('records', topicBox(topic), `node:${node.name}`, inputLabel(full(topic), node.name));
      } else if (node.kind === 'sink') {
        const to = typeof node.topic === 'string' ? topicBox(node.topic) : chosenBox(node.name);
        arrow('records', `node:${node.name}`, to, [{ text: '', figure: { show: 'into', of: node.name } }]);
      }
    }
    for (const { id, name, topic } of globalsOf(part))
      arrow('records', topicBox(topic), id, inputLabel(full(topic), name));
    if (deadLetterTopic !== undefined) {
      const names = JSON.stringify(part.nodes.map(({ name }) => name));
      const label: Row[] = [{ text: '', look: 'trouble', figure: { show: 'deadLetters', of: names } }];
      arrow('deadLetters', `part:${part.id}`, 'deadLetters', label);
    }
    return partOf(part);
  });

  /** A pattern that matches nothing yet. */
  function patternBox(pattern: RegExp): string {
    const id = `pattern:${String(pattern)}`;
    const rows: Row[] = [{ text: 'no topic read here', look: 'dim' }];
    topics.set(id, { id, kind: 'topic', name: String(pattern), caption: 'topics of a pattern', rows });
    return id;
  }

  /** Records that choose their topic go to a box of their own. */
  function chosenBox(sink: string): string {
    const id = `chosen:${sink}`;
    topics.set(id, { id, kind: 'topic', name: 'chosen by record', caption: 'topics', rows: [] });
    return id;
  }

  function globalsOf({ id, nodes }: SubTopology): { id: string; name: string; topic: string }[] {
    return topology.globalTables
      .filter(({ store }) => nodes.some((node) => readsOf(node).includes(store.name)))
      .map(({ name, topic }) => ({ id: `global:${name}:${id}`, name, topic }));
  }

  function partOf(part: SubTopology): Part {
    const boxes = part.nodes.map((node) => nodeBox(part, node));
    const inner = part.nodes.flatMap((node) => (node.kind === 'source' ? [] : arrowsInto(part, node)));
    for (const { name, store } of topology.globalTables) {
      const readers = part.nodes.filter((node) => readsOf(node).includes(store.name));
      if (readers.length === 0) continue;
      const id = `global:${name}:${part.id}`;
      boxes.push(globalBox(id, name, store.name));
      for (const reader of readers) inner.push(readsArrow(id, `node:${reader.name}`));
    }
    return { id: `part:${part.id}`, title: `Sub-topology ${part.id}`, boxes, arrows: inner };
  }

  const used = new Set(topology.nodes.flatMap(readsOf));
  const unread = topology.globalTables
    .filter(({ store }) => !used.has(store.name))
    .map(({ name, topic, store }) => {
      const id = `global:${name}`;
      arrow('records', topicBox(topic), id, inputLabel(full(topic), name));
      return globalBox(id, name, store.name);
    });
  const dead: Box[] =
    deadLetterTopic === undefined
      ? []
      : [
          {
            id: 'deadLetters',
            kind: 'deadLetters',
            name: deadLetterTopic,
            caption: 'dead-letter topic',
            rows: [],
          },
        ];
  return { parts, boxes: [...topics.values(), ...unread, ...dead], arrows };
}

function inputLabel(topic: string, node: string): Row[] {
  return [
    { text: '', figure: { show: 'rate', of: edgeName(topic, undefined, node) } },
    { text: '', look: 'dim', figure: { show: 'lag', of: topic } },
  ];
}

function globalBox(id: string, name: string, store: string): Box {
  const rows = [storeRow(store), sizeRow(store)];
  return { id, kind: 'globalTable', name, caption: 'global table', rows };
}

function storeRow(store: string): Row {
  return { text: store, look: 'store' };
}

function sizeRow(store: string): Row {
  return { text: '', look: 'dim', figure: { show: 'size', of: store } };
}

function troubleRow(node: string): Row {
  return {
    text: '',
    look: 'trouble',
    figure: { show: 'dead', of: node },
    also: { show: 'stopped', of: node },
  };
}

/** The stores of global tables that a node reads. */
function readsOf(node: TopologyNode): readonly string[] {
  return node.kind === 'processor' ? (node.globalStores ?? []) : [];
}

/** The node that a store is drawn with: the first that uses it. */
function ownerOf({ nodes }: SubTopology, store: string): string | undefined {
  return nodes.find((node) => node.kind === 'processor' && node.stores.includes(store))?.name;
}

function nodeBox(part: SubTopology, node: TopologyNode): Box {
  const { kind, name } = node;
  const id = `node:${name}`;
  if (kind === 'sink') return { id, kind, name, caption: 'sink', rows: [troubleRow(name)] };
  if (kind === 'source') {
    const rows: Row[] = node.pattern ? [{ text: String(node.pattern), look: 'dim' }] : [];
    return { id, kind, name, caption: 'source', rows: [...rows, troubleRow(name)] };
  }
  const stores = node.stores.flatMap((store) =>
    ownerOf(part, store) === name
      ? [storeRow(store), sizeRow(store)]
      : [{ ...storeRow(store), look: 'dim' as const }],
  );
  return { id, kind: 'step', name, caption: 'step', rows: [...stores, troubleRow(name)] };
}

function arrowsInto(part: SubTopology, node: Exclude<TopologyNode, { kind: 'source' }>): Arrow[] {
  const to = `node:${node.name}`;
  const arrows = node.parents.map(({ node: parent, output }): Arrow => {
    const rate = { text: '', figure: { show: 'rate', of: edgeName(parent, output, node.name) } };
    const label: Row[] = output === undefined ? [rate] : [{ text: output, look: 'dim' }, rate];
    return { id: edgeName(parent, output, node.name), kind: 'records', from: `node:${parent}`, to, label };
  });
  if (node.kind === 'sink') return arrows;
  const above = ancestorsOf(part, node.name);
  const owners = new Set(node.stores.map((store) => ownerOf(part, store)));
  for (const owner of owners)
    if (owner !== undefined && owner !== node.name && !above.has(owner))
      arrows.push(readsArrow(`node:${owner}`, to));
  return arrows;
}

/** A step reads state that another keeps, which no record comes from: the second input of a join. */
function readsArrow(from: string, to: string): Arrow {
  return { id: `reads:${from}>${to}`, kind: 'reads', from, to, label: [{ text: 'reads', look: 'dim' }] };
}

function ancestorsOf({ nodes }: SubTopology, name: string): Set<string> {
  const found = new Set<string>();
  const visit = (of: string): void => {
    const node = nodes.find((candidate) => candidate.name === of);
    if (node === undefined || node.kind === 'source') return;
    for (const { node: parent } of node.parents) {
      if (found.has(parent)) continue;
      found.add(parent);
      visit(parent);
    }
  };
  visit(name);
  return found;
}
