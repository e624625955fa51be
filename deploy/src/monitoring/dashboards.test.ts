// The dashboards in deploy/monitoring/grafana are what their descriptions say; `npm run docs:generate` writes
// them again.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { projectRoot, read } from '../checks/sources.ts';
import { dashboardJson } from './dashboard.ts';
import { dashboards } from './dashboards/all.ts';

const folder = 'deploy/monitoring/grafana/dashboards';

const gridPos = z.strictObject({
  x: z.number().int().min(0),
  y: z.number().int().min(0),
  w: z.number().int().min(1).max(24),
  h: z.number().int().min(1),
});

const panel = z.looseObject({
  id: z.number().int(),
  type: z.enum(['row', 'timeseries', 'stat']),
  title: z.string().min(1),
  gridPos,
  datasource: z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') }).optional(),
  targets: z.array(z.looseObject({ refId: z.string(), expr: z.string().min(1) })).default([]),
});

const written = z.looseObject({
  uid: z.string().max(40),
  title: z.string(),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string() })) }),
  panels: z.array(panel),
});

const cases = dashboards.map((dashboard) => [dashboard.uid, dashboard] as const);

test.each(cases)('%s is written', async (uid, dashboard) => {
  await expect(dashboardJson(dashboard)).toMatchFileSnapshot(join(projectRoot, folder, `${uid}.json`));
});

test('no other dashboard is there', () => {
  const files = readdirSync(join(projectRoot, folder));
  expect(files.toSorted()).toEqual(dashboards.map(({ uid }) => `${uid}.json`).toSorted());
  expect(new Set(dashboards.map(({ title }) => title)).size).toBe(dashboards.length);
});

function cellsOf({ x, y, w, h }: z.output<typeof gridPos>): string[] {
  return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`);
}

test.each(cases)('%s: panels have ids of their own and do not lie upon one another', (uid) => {
  const { panels } = written.parse(JSON.parse(read(`${folder}/${uid}.json`)));
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  const cells = panels.flatMap((one) => cellsOf(one.gridPos));
  expect(cells.filter((cell, index) => cells.indexOf(cell) !== index)).toEqual([]);
});

test.each(cases)('%s: each panel asks something, and only for variables that are there', (uid) => {
  const { panels, templating } = written.parse(JSON.parse(read(`${folder}/${uid}.json`)));
  const known = new Set([...templating.list.map(({ name }) => name), '__rate_interval']);
  const asking = panels.filter(({ type }) => type !== 'row');
  expect(asking.filter(({ datasource, targets }) => !datasource || targets.length === 0)).toEqual([]);
  for (const { targets } of asking)
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
  const named = asking.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => Array.from(expr.matchAll(/\$\{?(\w+)/g), ([, variable = '']) => variable)),
  );
  expect(named.filter((variable) => !known.has(variable))).toEqual([]);
});

test.each(cases)('%s says what each panel means', (_, { rows }) => {
  for (const { panels } of rows) for (const { description } of panels) expect(description).toMatch(/\.$/);
});
