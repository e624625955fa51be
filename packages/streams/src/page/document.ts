// The page as HTML: the picture, and the same figures in tables.
import { layOut } from './layout.ts';
import { edgeName, pictureOf } from './picture.ts';
import { escapeText, figureAttributes, toSvg } from './svg.ts';
import type { StreamsDescription } from '../streams.ts';
import { matchesOf, patternsOf, resolveTopology } from '../runtime/topic-patterns.ts';
import { topicNames } from '../runtime/topic-names.ts';
import type { TopologyNode } from '../topology/topology.ts';

type Cell = string | { show: string; of: string };

/** A description with the topics that its patterns match among those that are read. */
export function withMatches(
  { topology, ...rest }: StreamsDescription,
  read: readonly string[],
): StreamsDescription {
  // A topic that two patterns match ends the application; the page shows it nevertheless.
  const matches = patternsOf(topology.nodes).map(
    (pattern) => [pattern, matchesOf(pattern, read, rest.internalTopicPrefix)] as const,
  );
  return { ...rest, topology: resolveTopology(topology, Object.fromEntries(matches)) };
}

/** The page. `name` is the last part of its path: its other files are beside it. */
export function documentOf(description: StreamsDescription, name: string): string {
  const { applicationId, topology } = description;
  const title = `Topology of ${applicationId}`;
  const picture = pictureOf(description);
  const counted = `${topology.subTopologies.length} sub-topologies with ${topology.nodes.length} nodes`;
  const svg = toSvg(
    layOut(picture),
    title,
    `${counted}, from top to bottom. The tables below hold its figures.`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="${escapeText(name)}.css"><script type="module" src="${escapeText(name)}.js"></script></head>
<body${patternsOf(topology.nodes).length > 0 ? ' data-patterns' : ''}>
<header><h1>${escapeText(applicationId)}</h1>
<p class="state" role="status" id="state">Not read yet</p>
<p id="lost" role="alert" hidden></p>
<p class="dim" id="read"></p>
<noscript><p>The figures need JavaScript. They are also at <a href="${escapeText(name)}.json">${escapeText(name)}.json</a>.</p></noscript>
<ul id="notes"></ul></header>
<main>
<section aria-labelledby="picture-heading"><h2 id="picture-heading">Topology</h2>
<p class="zoom"><button type="button" id="fit" aria-pressed="false">Fit the width</button></p>
<div class="scroll" role="region" aria-label="The picture of the topology" tabindex="0">${svg}</div></section>
${tables(description)}
</main>
<footer class="dim"><p>Of this instance alone. Counts begin with its threads and count again what is processed again. Rates are over the last ten seconds. As <a href="${escapeText(name)}.json">JSON</a>.</p></footer>
</body>
</html>
`;
}

function tables({ internalTopicPrefix, topology, deadLetterTopic }: StreamsDescription): string {
  const { full } = topicNames(internalTopicPrefix, topology);
  const { nodes, globalTables, stores } = topology;
  const inputs = [
    ...new Set([
      ...nodes.flatMap((node) => (node.kind === 'source' ? node.topics.map(full) : [])),
      ...globalTables.map(({ topic }) => full(topic)),
    ]),
  ];
  const edges = [
    ...nodes.flatMap((node) => edgesInto(node, full)),
    ...globalTables.map(({ name, topic }): [string, string, string] => [full(topic), '', name]),
  ];
  const outputs = nodes.flatMap((node) => (node.kind === 'sink' ? [node] : []));
  const storeNames = [...stores, ...globalTables.map(({ store }) => store)].map(({ name }) => name);
  return [
    table('Input topics', ['Topic', 'Partitions', 'Lag', 'Greatest lag'], inputs, (topic) => [
      topic,
      { show: 'partitionsOnly', of: topic },
      { show: 'lagOnly', of: topic },
      { show: 'worst', of: topic },
    ]),
    table('Records along edges', ['From', 'Output', 'To', 'Records', 'Rate'], edges, ([from, output, to]) => {
      const of = edgeName(from, output === '' ? undefined : output, to);
      return [from, output, to, { show: 'records', of }, { show: 'rate', of }];
    }),
    table('Output topics', ['Sink', 'Topic', 'Records', 'Rate'], outputs, ({ name, topic }) => [
      name,
      typeof topic === 'string' ? full(topic) : 'chosen by record',
      { show: 'recordsInto', of: name },
      { show: 'into', of: name },
    ]),
    table(
      deadLetterTopic === undefined
        ? 'Records that stopped'
        : `Records that stopped (dead letters: ${deadLetterTopic})`,
      ['Node', 'Dead letters', 'Dropped', 'Late'],
      nodes.map(({ name }) => name),
      (of) => [of, { show: 'deadOnly', of }, { show: 'droppedOnly', of }, { show: 'lateOnly', of }],
    ),
    table('Stores', ['Store', 'Tasks', 'Entries', 'Size', 'Still to restore'], storeNames, (of) => [
      of,
      { show: 'storeTasks', of },
      { show: 'entries', of },
      { show: 'bytes', of },
      { show: 'remaining', of },
    ]),
    `<section aria-labelledby="threads"><h2 id="threads">Threads</h2><div class="scroll" role="region" aria-labelledby="threads" tabindex="0"><table><thead><tr><th scope="col">Thread</th><th scope="col">State</th><th scope="col">Tasks</th><th scope="col">Not at work yet</th><th scope="col">Figures of</th></tr></thead><tbody id="thread-rows"></tbody></table></div></section>`,
  ].join('\n');
}

function edgesInto(node: TopologyNode, full: (name: string) => string): [string, string, string][] {
  if (node.kind === 'source') return node.topics.map((topic) => [full(topic), '', node.name]);
  return node.parents.map(({ node: parent, output }) => [parent, output ?? '', node.name]);
}

function table<T>(
  heading: string,
  columns: readonly string[],
  all: readonly T[],
  cells: (of: T) => Cell[],
): string {
  if (all.length === 0) return '';
  const id = `table-${heading.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
  const head = columns.map((column) => `<th scope="col">${escapeText(column)}</th>`).join('');
  const rows = all.map((each) => `<tr>${cells(each).map(cell).join('')}</tr>`).join('\n');
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escapeText(heading)}</h2><div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>
${rows}
</tbody></table></div></section>`;
}

function cell(content: Cell, index: number): string {
  if (typeof content !== 'string') return `<td class="number"${figureAttributes({ figure: content })}></td>`;
  const tag = index === 0 ? 'th scope="row"' : 'td';
  return `<${tag}>${escapeText(content)}</${tag.split(' ')[0] ?? ''}>`;
}
