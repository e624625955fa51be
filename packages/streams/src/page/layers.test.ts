// Layered drawings of random graphs: nothing overlaps, lines go down and reach their boxes.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawLayers, type LayerEdge, type LayerNode } from './layers.ts';

interface Rectangle {
  what: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function overlaps(all: readonly Rectangle[]): string[] {
  return all.flatMap((a, i) =>
    all
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.what} and ${b.what}`),
  );
}

const nodeSizes = fc.array(
  fc.record({ width: fc.integer({ min: 1, max: 300 }), height: fc.integer({ min: 1, max: 200 }) }),
  {
    minLength: 1,
    maxLength: 14,
  },
);
const links = fc.array(fc.tuple(fc.nat(13), fc.nat(13)), { maxLength: 24 });

test('no box and no label covers another, and every line reaches both its boxes', () => {
  fc.assert(
    fc.property(nodeSizes, links, (sizes, pairs) => {
      const nodes = sizes.map((size, i): LayerNode => ({ id: `n${i}`, ...size }));
      const edges = pairs
        .filter(([a, b]) => a < nodes.length && b < nodes.length && a !== b)
        .map(([a, b], i): LayerEdge => {
          return { id: `e${i}`, from: `n${a}`, to: `n${b}`, label: { width: 60, height: 16 } };
        });
      const { nodes: places, routes, width, height } = drawLayers(nodes, edges);
      const boxes = nodes.map(({ id, width: w, height: h }): Rectangle => {
        const { x, y } = places.get(id) ?? { x: Number.NaN, y: Number.NaN };
        return { what: id, left: x - w / 2 + 0.01, right: x + w / 2 - 0.01, top: y, bottom: y + h };
      });
      const labels = edges.map(({ id }): Rectangle => {
        const { x, y } = routes.get(id)?.label ?? { x: Number.NaN, y: Number.NaN };
        return { what: id, left: x - 29.99, right: x + 29.99, top: y, bottom: y + 16 };
      });
      expect(overlaps([...boxes, ...labels])).toEqual([]);
      for (const { left, right, top, bottom } of [...boxes, ...labels])
        expect(left > -0.5 && right < width + 0.5 && top >= 0 && bottom <= height).toBe(true);
      for (const { id, from, to } of edges) {
        const points = routes.get(id)?.points ?? [];
        const ends = [points[0], points.at(-1)];
        for (const [i, box] of [from, to].entries()) {
          const { left, right, top, bottom } = boxes.find(({ what }) => what === box) as Rectangle;
          const { x, y } = ends[i] ?? { x: Number.NaN, y: Number.NaN };
          expect(x >= left - 0.1 && x <= right + 0.1).toBe(true);
          expect(Math.min(Math.abs(y - top), Math.abs(y - bottom))).toBeLessThan(0.1);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('each node is below those that lead to it, and a circle does not keep it from ending', () => {
  const node = (id: string): LayerNode => ({ id, width: 10, height: 10 });
  const edge = (from: string, to: string): LayerEdge => ({
    id: from + to,
    from,
    to,
    label: { width: 5, height: 5 },
  });
  const chain = drawLayers(
    [node('a'), node('b'), node('c')],
    [edge('a', 'b'), edge('b', 'c'), edge('a', 'c')],
  );
  const tops = ['a', 'b', 'c'].map((id) => chain.nodes.get(id)?.y ?? 0);
  expect(tops).toEqual(tops.toSorted((a, b) => a - b));
  expect(new Set(tops).size).toBe(3);
  const circle = drawLayers([node('a'), node('b')], [edge('a', 'b'), edge('b', 'a')]);
  expect(circle.routes.get('ba')?.points[0]?.y).toBeGreaterThan(circle.routes.get('ab')?.points[0]?.y ?? 0);
});
