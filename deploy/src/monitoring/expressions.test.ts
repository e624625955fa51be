import { expect, test } from 'vitest';
import { groupsOf, selectorsOf } from './expressions.ts';

test('names metrics with their labels, and nothing else', () => {
  const expr = `histogram_quantile(0.99, sum by (le, route) (rate(a_bucket{x="b{c}",y!~"d|e"}[5m]))) > 1
    and on (job) z:ready == 0 or absent(up{job="f"}) offset 5m`;
  expect(selectorsOf(expr)).toEqual([
    { metric: 'a_bucket', labels: ['x', 'y'] },
    { metric: 'z:ready', labels: [] },
    { metric: 'up', labels: ['job'] },
  ]);
  expect(groupsOf(expr)).toEqual(['le', 'route', 'job']);
});
