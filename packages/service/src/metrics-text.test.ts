// Dashboards and alerts of before know metrics without the prefix: for one version both names are there.
import { Counter, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { metricsText } from './metrics-text.ts';

test('each metric of ours is there by its former name too, and no other one twice', async () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'activity_edge_total', help: 'activity_ in help', labelNames: ['of'], registers }).inc(
    { of: 'activity_x' },
    3,
  );
  new Histogram({ name: 'activity_edge_seconds', help: 'Times', buckets: [1], registers }).observe(0.5);
  new Counter({ name: 'process_total', help: 'Not ours', registers }).inc();
  const lines = (await metricsText(registry)).split('\n');
  const renamed = lines.filter((line) => /^(# \w+ )?activity_/.test(line));
  expect(renamed).toContain('activity_edge_total{of="activity_x"} 3');
  for (const line of renamed) expect(lines).toContain(line.replace('activity_', ''));
  expect(lines.filter((line) => line.startsWith('edge_seconds'))).toHaveLength(4);
  expect(lines.filter((line) => line === 'process_total 1')).toHaveLength(1);
  expect(lines.at(-1)).toBe('');
});

test('an empty registry has none', async () => {
  expect((await metricsText(new Registry())).trim()).toBe('');
});
