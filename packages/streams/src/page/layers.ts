// A layered drawing of a directed graph, from top to bottom: boxes in layers, lines between them, and each
// label in a place of its own. Nothing overlaps: labels are laid out as boxes of the layers between.

/** A box to place. Sizes in pixels. */
export interface LayerNode {
  id: string;
  width: number;
  height: number;
  /** Stands in the first or in the last layer, whatever its lines say. */
  rank?: 'first' | 'last';
}

/** A line to draw. */
export interface LayerEdge {
  id: string;
  from: string;
  to: string;
  label: { width: number; height: number };
  /** Where it leaves and enters, in pixels from the middle of the box; spread along the box unless given. */
  fromOffset?: number;
  toOffset?: number;
}

/** A place; `x` and `y` are the middle of the top edge. */
export interface Point {
  x: number;
  y: number;
}

/** Where a line goes: through these points, which alternate between the end of a layer and the next one. */
export interface Route {
  points: Point[];
  label: Point;
}

/** A drawing. */
export interface Layers {
  width: number;
  height: number;
  nodes: Map<string, Point>;
  routes: Map<string, Route>;
}

interface Place {
  id: string;
  width: number;
  height: number;
  layer: number;
  /** Its middle. */
  x: number;
  isNode: boolean;
  up: Link[];
  down: Link[];
}

interface Link {
  from: Place;
  to: Place;
  fromOffset: number;
  toOffset: number;
}

interface Chain {
  edge: LayerEdge;
  places: Place[];
  links: Link[];
  isReversed: boolean;
}

const gapX = 20;
const gapY = 26;
const sweeps = 20;
const laneWidth = 6;

/** Draws a graph. The order of nodes and edges decides where nothing else does. */
export function drawLayers(nodes: readonly LayerNode[], edges: readonly LayerEdge[]): Layers {
  const forward = withoutCycles(nodes, edges);
  const layerOf = assignLayers(nodes, forward);
  const places = new Map<string, Place>();
  for (const { id, width, height } of nodes) {
    const layer = (layerOf.get(id) ?? 0) * 2;
    places.set(id, { id, width, height, layer, x: 0, isNode: true, up: [], down: [] });
  }
  const all = [...places.values()];
  const chains = forward.map(({ edge, from, to, isReversed }) => {
    const chain = chainOf(edge, places.get(from) as Place, places.get(to) as Place, isReversed);
    all.push(...chain.places.slice(1, -1));
    return chain;
  });
  const depth = Math.max(0, ...all.map(({ layer }) => layer)) + 1;
  const layers = order(Array.from({ length: depth }, (_, layer) => all.filter((p) => p.layer === layer)));
  placeAcross(layers);
  spreadPorts(all);
  return toDrawing(layers, chains);
}

interface Forward {
  edge: LayerEdge;
  from: string;
  to: string;
  isReversed: boolean;
}

/** The edges with those turned round that lead back to a node above them. */
function withoutCycles(nodes: readonly LayerNode[], edges: readonly LayerEdge[]): Forward[] {
  const state = new Map<string, 'open' | 'done'>();
  const back = new Set<LayerEdge>();
  const visit = (id: string): void => {
    state.set(id, 'open');
    for (const edge of edges) {
      if (edge.from !== id) continue;
      if (state.get(edge.to) === 'open') back.add(edge);
      else if (!state.has(edge.to)) visit(edge.to);
    }
    state.set(id, 'done');
  };
  const fed = new Set(edges.map(({ to }) => to));
  for (const { id } of nodes) if (!fed.has(id) && !state.has(id)) visit(id);
  for (const { id } of nodes) if (!state.has(id)) visit(id);
  return edges
    .filter(({ from, to }) => from !== to)
    .map((edge) =>
      back.has(edge)
        ? { edge, from: edge.to, to: edge.from, isReversed: true }
        : { edge, from: edge.from, to: edge.to, isReversed: false },
    );
}

/** Each node as far up as its lines allow; one that nothing leads to, just above the first below it. */
function assignLayers(nodes: readonly LayerNode[], edges: readonly Forward[]): Map<string, number> {
  const layers = new Map<string, number>();
  const into = Map.groupBy(edges, ({ to }) => to);
  const layerOf = (id: string): number => {
    const known = layers.get(id);
    if (known !== undefined) return known;
    const layer = Math.max(-1, ...(into.get(id) ?? []).map(({ from }) => layerOf(from))) + 1;
    layers.set(id, layer);
    return layer;
  };
  for (const { id } of nodes) layerOf(id);
  for (const { id, rank } of nodes) {
    if (into.has(id) || rank !== undefined) continue;
    const below = edges.filter(({ from }) => from === id).map(({ to }) => layers.get(to) ?? 0);
    if (below.length > 0) layers.set(id, Math.max(0, Math.min(...below) - 1));
  }
  const last = Math.max(0, ...layers.values());
  for (const { id, rank } of nodes) if (rank === 'last') layers.set(id, last);
  return layers;
}

/** The places that a line goes through: a lane in each layer between, and its label above its end. */
function chainOf(edge: LayerEdge, from: Place, to: Place, isReversed: boolean): Chain {
  const { label, fromOffset = 0, toOffset = 0 } = edge;
  const places = [from];
  for (let layer = from.layer + 1; layer < to.layer; layer++) {
    const size = layer === to.layer - 1 ? label : { width: laneWidth, height: 0 };
    places.push({ id: edge.id, ...size, layer, x: 0, isNode: false, up: [], down: [] });
  }
  places.push(to);
  const links = places.slice(1).map((place, i): Link => {
    const above = places[i] as Place;
    const isFirst = i === 0;
    const isLast = i === places.length - 2;
    const starts = isReversed ? toOffset : fromOffset;
    const ends = isReversed ? fromOffset : toOffset;
    const link = {
      from: above,
      to: place,
      fromOffset: isFirst ? starts : 0,
      toOffset: isLast ? ends : 0,
    };
    above.down.push(link);
    place.up.push(link);
    return link;
  });
  return { edge, places, links, isReversed };
}

/** Orders the places of each layer so that few lines cross. */
function order(layers: Place[][]): Place[][] {
  let best = layers.map((layer) => [...layer]);
  let fewest = crossingsOf(best);
  const current = best.map((layer) => [...layer]);
  for (let sweep = 0; sweep < sweeps * 2 && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    const indexes = current.map((_, i) => i);
    for (const i of isDown ? indexes : indexes.toReversed()) {
      const near = current[isDown ? i - 1 : i + 1];
      if (!near) continue;
      const at = new Map(near.map((place, n) => [place, n]));
      const wanted = new Map(
        (current[i] as Place[]).map((place, n) => [place, barycenter(place, isDown, at) ?? n]),
      );
      (current[i] as Place[]).sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    }
    const crossings = crossingsOf(current);
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = current.map((layer) => [...layer]);
  }
  return best;
}

function barycenter(place: Place, isDown: boolean, at: ReadonlyMap<Place, number>): number | undefined {
  const links = isDown ? place.up : place.down;
  if (links.length === 0) return undefined;
  return links.reduce((sum, link) => sum + portAt(link, isDown, at), 0) / links.length;
}

/** Where a link meets the layer above or below it, as a rank with a fraction. */
function portAt(link: Link, isAbove: boolean, at: ReadonlyMap<Place, number>): number {
  const place = isAbove ? link.from : link.to;
  const offset = isAbove ? link.fromOffset : link.toOffset;
  return (at.get(place) ?? 0) + (place.width > 0 ? (offset / place.width) * 0.9 : 0);
}

function crossingsOf(layers: readonly (readonly Place[])[]): number {
  let crossings = 0;
  for (const [i, layer] of layers.slice(0, -1).entries()) {
    const above = new Map(layer.map((place, n) => [place, n]));
    const below = new Map((layers[i + 1] as Place[]).map((place, n) => [place, n]));
    const ends = layer.flatMap(({ down }) =>
      down.map((link): [number, number] => [portAt(link, true, above), portAt(link, false, below)]),
    );
    for (const [n, [a, b]] of ends.entries())
      for (const [c, d] of ends.slice(n + 1)) if ((a - c) * (b - d) < 0) crossings++;
  }
  return crossings;
}

/** Gives each place its middle: near the places that it is linked with, and clear of its neighbours. */
function placeAcross(layers: readonly (readonly Place[])[]): void {
  for (const layer of layers)
    spread(
      layer,
      layer.map(() => 0),
      layer.map(() => 1),
    );
  for (let sweep = 0; sweep < sweeps * 2; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : layers.toReversed()) {
      const links = layer.map(({ up, down }) => {
        const first = isDown ? up : down;
        // In the end both sides count.
        if (sweep >= sweeps) return [...up, ...down];
        return first.length > 0 ? first : isDown ? down : up;
      });
      const wanted = layer.map((place, i) => {
        const at = (links[i] as Link[]).map((link) =>
          link.to === place
            ? link.from.x + link.fromOffset - link.toOffset
            : link.to.x + link.toOffset - link.fromOffset,
        );
        return at.length > 0 ? at.reduce((sum, x) => sum + x, 0) / at.length : place.x;
      });
      // Straight lanes are worth more than boxes in the middle.
      spread(
        layer,
        wanted,
        layer.map(({ isNode }) => (isNode ? 1 : 4)),
      );
    }
  }
}

/** Moves places as near to where they are wanted as their widths allow (pool adjacent violators). */
function spread(layer: readonly Place[], wanted: readonly number[], weights: readonly number[]): void {
  const starts: number[] = [];
  let start = 0;
  for (const [i, place] of layer.entries()) {
    const before = layer[i - 1];
    if (before) start += (before.width + place.width) / 2 + gapX;
    starts.push(start);
  }
  const pools: { sum: number; weight: number; count: number }[] = [];
  for (const [i, at] of wanted.entries()) {
    const weight = weights[i] ?? 1;
    let pool = { sum: (at - (starts[i] ?? 0)) * weight, weight, count: 1 };
    for (
      let last = pools.at(-1);
      last && last.sum / last.weight > pool.sum / pool.weight;
      last = pools.at(-1)
    ) {
      pools.pop();
      pool = {
        sum: last.sum + pool.sum,
        weight: last.weight + pool.weight,
        count: last.count + pool.count,
      };
    }
    pools.push(pool);
  }
  let i = 0;
  for (const { sum, weight, count } of pools)
    for (let n = 0; n < count; n++, i++) (layer[i] as Place).x = sum / weight + (starts[i] ?? 0);
}

/** Lets the lines of a box leave and enter side by side, in the order of where they come from. */
function spreadPorts(places: readonly Place[]): void {
  for (const place of places) {
    if (!place.isNode) continue;
    const down = place.down.filter(({ fromOffset }) => fromOffset === 0);
    const up = place.up.filter(({ toOffset }) => toOffset === 0);
    const offsets = (count: number): number[] => {
      const step = Math.min(28, (place.width * 0.8) / count);
      return Array.from({ length: count }, (_, i) => (i - (count - 1) / 2) * step);
    };
    const outs = offsets(down.length);
    for (const [i, link] of down.toSorted((a, b) => a.to.x - b.to.x).entries())
      link.fromOffset = outs[i] ?? 0;
    const ins = offsets(up.length);
    for (const [i, link] of up.toSorted((a, b) => a.from.x - b.from.x).entries()) link.toOffset = ins[i] ?? 0;
  }
}

function toDrawing(layers: readonly (readonly Place[])[], chains: readonly Chain[]): Layers {
  const places = layers.flat();
  if (places.length === 0) return { width: 0, height: 0, nodes: new Map(), routes: new Map() };
  const left = Math.min(...places.map(({ x, width }) => x - width / 2));
  const right = Math.max(...places.map(({ x, width }) => x + width / 2));
  const tops: number[] = [];
  const heights = layers.map((layer) => Math.max(0, ...layer.map(({ height }) => height)));
  let y = 0;
  for (const height of heights) {
    tops.push(y);
    y += height + gapY;
  }
  const topOf = ({ layer }: Place): number => tops[layer] ?? 0;
  const bottomOf = (place: Place): number => topOf(place) + (heights[place.layer] ?? 0);
  const nodes = new Map(
    places.filter(({ isNode }) => isNode).map((place) => [place.id, { x: place.x - left, y: topOf(place) }]),
  );
  const routes = new Map<string, Route>();
  for (const { edge, places: through, links, isReversed } of chains) {
    const points: Point[] = [];
    for (const { from, to, fromOffset, toOffset } of links) {
      const out = from.x - left + fromOffset;
      // From the end of a box that is shorter than its layer, straight down to the end of the layer.
      if (from.isNode) points.push({ x: out, y: topOf(from) + from.height });
      points.push({ x: out, y: bottomOf(from) }, { x: to.x - left + toOffset, y: topOf(to) });
    }
    const last = through.at(-2) as Place;
    const label = { x: last.x - left, y: topOf(last) + ((heights[last.layer] ?? 0) - last.height) / 2 };
    routes.set(edge.id, { points: isReversed ? points.toReversed() : points, label });
  }
  return { width: right - left, height: Math.max(0, y - gapY), nodes, routes };
}
