// Every metric and label that a dashboard or an alert names is one that a service registers.
import { expect, test } from 'vitest';
import type { Query } from './dashboard.ts';
import { dashboards } from './dashboards/all.ts';
import { groupsOf, selectorsOf } from './expressions.ts';
import { registeredMetrics } from './registered-metrics.ts';
import { readAlerts } from './rules.ts';

const byJob = registeredMetrics();
/** What Prometheus makes itself. */
const own = new Map([
  ['up', new Set(['job', 'instance'])],
  ['ALERTS', new Set(['alertname', 'alertstate'])],
]);

function labelsOf(metric: string): Set<string> | undefined {
  const known = [own, ...byJob.values()].flatMap((metrics) => metrics.get(metric) ?? []);
  return known.length === 0 ? undefined : new Set(known.flatMap((labels) => Array.from(labels)));
}

function unknownIn(expr: string): string[] {
  const selectors = selectorsOf(expr);
  const anyLabel = new Set(selectors.flatMap(({ metric }) => [...(labelsOf(metric) ?? [])]));
  return [
    ...selectors.flatMap(({ metric, labels }) => {
      const known = labelsOf(metric);
      if (known === undefined) return [metric];
      return labels.filter((label) => !known.has(label)).map((label) => `${metric}{${label}}`);
    }),
    ...groupsOf(expr).filter((label) => !anyLabel.has(label)),
  ];
}

function missingInLegend({ expr, legend = '' }: Query): string[] {
  const shown = Array.from(legend.matchAll(/\{\{(\w+)\}\}/g), ([, label = '']) => label);
  const groups = groupsOf(expr);
  const has = new Set(
    groups.length > 0
      ? groups
      : selectorsOf(expr).flatMap(({ metric }) => Array.from(labelsOf(metric) ?? [])),
  );
  return shown.filter((label) => !has.has(label));
}

test.each(readAlerts().map(({ alert, expr }) => [alert, expr]))('%s', (_, expr) => {
  expect(selectorsOf(expr).length).toBeGreaterThan(0);
  expect(unknownIn(expr)).toEqual([]);
});

test.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))('%s', (_, { rows }) => {
  const queries = rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));
  expect(queries.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  // A legend shows labels that the result has.
  expect(queries.flatMap(missingInLegend)).toEqual([]);
});

test('an unknown metric and an unknown label are found', () => {
  expect(unknownIn('rate(ingest_events_total[5m])')).toEqual(['ingest_events_total']);
  expect(unknownIn('sum by (color) (activity_ingest_ready{shape="x"})')).toEqual([
    'activity_ingest_ready{shape}',
    'color',
  ]);
});
