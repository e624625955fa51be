// Sizes and places of a picture: each sub-topology is laid out for itself, and then all of them among topics.
import { drawLayers, type LayerNode, type Layers, type Route } from './layers.ts';
import type { Arrow, Box, Part, Picture, Row } from './picture.ts';

/** The width of a character of the fixed-width font, at its size, in pixels; a little more than any has. */
export const charWidth = 7.3;
/** The height of a line of text. */
export const lineHeight = 16;
const paddingX = 10;
const paddingY = 7;
const mostChars = 32;
const fewestChars = 16;
const mostLines = 4;
/** Room for the longest figures: `1,234,567/s`, `lag 12,345,678`. */
const labelChars = 14;
const partPadding = 18;
const partTitle = 26;

/** A box with its place. */
export interface PlacedBox {
  box: Box;
  x: number;
  y: number;
  width: number;
  height: number;
  /** The name and the caption first. */
  rows: Row[];
}

/** An arrow with its way. */
export interface PlacedArrow {
  arrow: Arrow;
  route: Route;
}

/** The frame of a sub-topology. */
export interface PlacedPart {
  part: Part;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A picture with places. */
export interface Placed {
  width: number;
  height: number;
  parts: PlacedPart[];
  boxes: PlacedBox[];
  arrows: PlacedArrow[];
}

/** Splits a name into lines of at most this number of characters, after a separator where there is one. */
export function wrap(name: string, most: number = mostChars): string[] {
  const lines: string[] = [];
  let rest = Array.from(name);
  while (rest.length > most && lines.length < mostLines - 1) {
    const cut = rest.slice(0, most).findLastIndex((char) => /[-._ /]/.test(char)) + 1;
    const at = cut > most / 3 ? cut : most;
    lines.push(rest.slice(0, at).join(''));
    rest = rest.slice(at);
  }
  lines.push(rest.length > most ? `${rest.slice(0, most - 1).join('')}…` : rest.join(''));
  return lines;
}

interface Sized {
  box: Box;
  rows: Row[];
  width: number;
  height: number;
}

function sizeOf(box: Box): Sized {
  const names = wrap(box.name).map((text): Row => ({ text }));
  const rows: Row[] = [
    { text: box.caption, look: 'dim' },
    ...names,
    ...box.rows.flatMap((row): Row[] =>
      row.figure
        ? [row]
        : wrap(row.text, mostChars - 2).map((text, i) => ({ ...row, text: i > 0 ? `  ${text}` : text })),
    ),
  ];
  const chars = Math.max(
    fewestChars,
    ...rows.map(({ text, look, figure }) => (figure ? roomFor(figure.show) : widthOf(text) + (look ? 2 : 0))),
  );
  return {
    box,
    rows,
    width: Math.ceil(chars * charWidth + 2 * paddingX),
    height: rows.length * lineHeight + 2 * paddingY,
  };
}

/** The characters that the longest text of a figure has. */
function roomFor(show: string): number {
  if (show === 'dead' || show === 'partitions') return 30;
  return show === 'size' ? 24 : labelChars;
}

/** How many characters wide a text is: those of East Asian scripts and pictures are twice as wide. */
function widthOf(text: string): number {
  return Array.from(text).reduce((sum, char) => sum + ((char.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1), 0);
}

function labelSize(label: readonly Row[]): { width: number; height: number } {
  const chars = Math.max(0, ...label.map(({ text, figure }) => (figure ? labelChars : widthOf(text))));
  return { width: chars * charWidth + 8, height: label.length * lineHeight };
}

function edgeOf({ id, from, to, label }: Arrow): {
  id: string;
  from: string;
  to: string;
  label: { width: number; height: number };
} {
  return { id, from, to, label: labelSize(label) };
}

interface PartLayout {
  part: Part;
  sized: Sized[];
  inner: Layers;
  width: number;
  height: number;
}

function layOutPart(part: Part): PartLayout {
  const sized = part.boxes.map(sizeOf);
  const nodes = sized.map(({ box, width, height }): LayerNode => {
    const { id, kind } = box;
    const rank =
      kind === 'source' || kind === 'globalTable'
        ? ('first' as const)
        : kind === 'sink'
          ? ('last' as const)
          : undefined;
    return { id, width, height, ...(rank && { rank }) };
  });
  const inner = drawLayers(nodes, part.arrows.map(edgeOf));
  const width = Math.max(inner.width, 170) + 2 * partPadding;
  return { part, sized, inner, width, height: inner.height + partTitle + partPadding };
}

/** Gives everything a place. */
export function layOut(picture: Picture): Placed {
  const parts = picture.parts.map(layOutPart);
  const outer = picture.boxes.map(sizeOf);
  const owner = new Map<string, PartLayout>();
  for (const layout of parts) for (const { box } of layout.sized) owner.set(box.id, layout);
  /** Where a box of a sub-topology is, from the middle of its frame. */
  const offsetOf = (id: string): number | undefined => {
    const layout = owner.get(id);
    const at = layout?.inner.nodes.get(id);
    if (layout && at) return at.x - layout.inner.width / 2 || 0.01;
    const dead = parts.find(({ part }) => part.id === id);
    // Dead letters leave a frame at its right corner.
    return dead && dead.width / 2 - partPadding / 2;
  };
  const outside = (id: string): string => owner.get(id)?.part.id ?? id;
  const edges = picture.arrows.map((arrow) => {
    const fromOffset = offsetOf(arrow.from);
    const toOffset = offsetOf(arrow.to);
    return {
      ...edgeOf(arrow),
      from: outside(arrow.from),
      to: outside(arrow.to),
      ...(fromOffset !== undefined && { fromOffset }),
      ...(toOffset !== undefined && { toOffset }),
    };
  });
  const nodes = [
    ...parts.map(({ part, width, height }) => ({ id: part.id, width, height })),
    ...outer.map(({ box, width, height }) => ({ id: box.id, width, height })),
  ];
  const whole = drawLayers(nodes, edges);
  const placed: Placed = { width: whole.width, height: whole.height, parts: [], boxes: [], arrows: [] };
  for (const layout of parts) placePart(layout, whole, placed);
  for (const sized of outer) placed.boxes.push(boxAt(sized, whole.nodes.get(sized.box.id), 0, 0));
  const boxes = new Map(placed.boxes.map((box) => [box.box.id, box]));
  for (const arrow of picture.arrows) {
    const route = whole.routes.get(arrow.id);
    if (route)
      placed.arrows.push({ arrow, route: reaching(route, boxes.get(arrow.from), boxes.get(arrow.to)) });
  }
  return placed;
}

function placePart({ part, sized, inner, width, height }: PartLayout, whole: Layers, placed: Placed): void {
  const at = whole.nodes.get(part.id) ?? { x: 0, y: 0 };
  const x = at.x - width / 2;
  placed.parts.push({ part, x, y: at.y, width, height });
  const left = at.x - inner.width / 2;
  const top = at.y + partTitle;
  for (const each of sized) placed.boxes.push(boxAt(each, inner.nodes.get(each.box.id), left, top));
  for (const arrow of part.arrows) {
    const route = inner.routes.get(arrow.id);
    if (!route) continue;
    const move = ({ x: px, y: py }: { x: number; y: number }): { x: number; y: number } => {
      return { x: px + left, y: py + top };
    };
    placed.arrows.push({ arrow, route: { points: route.points.map(move), label: move(route.label) } });
  }
}

function boxAt(
  { box, rows, width, height }: Sized,
  at = { x: 0, y: 0 },
  left: number,
  top: number,
): PlacedBox {
  return { box, rows, width, height, x: at.x + left - width / 2, y: at.y + top };
}

/** A line between frames, led on through them to its boxes. */
function reaching(route: Route, from: PlacedBox | undefined, to: PlacedBox | undefined): Route {
  const points = [...route.points];
  const [first] = points;
  const last = points.at(-1);
  if (first && from && first.y > from.y + from.height)
    points.unshift({ x: first.x, y: from.y + from.height });
  if (last && to && last.y < to.y) points.push({ x: last.x, y: to.y });
  return { ...route, points };
}
