import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { countTypes } from './type-counts.ts';

const options = { name: 'events_total', help: 'Events' };

async function shown(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => line.startsWith('events_total'));
}

test('each type has its own series, which grows', async () => {
  const registry = new Registry();
  const count = countTypes(registry, options);
  count('LOGIN', 1);
  count('Order Completed', 2);
  expect(await shown(registry)).toEqual([
    'events_total{type="LOGIN"} 1',
    'events_total{type="Order Completed"} 2',
  ]);
  count('LOGIN', 3);
  expect(await shown(registry)).toContain('events_total{type="LOGIN"} 4');
});

test('types after the first ones are counted together', async () => {
  const registry = new Registry();
  const count = countTypes(registry, { ...options, most: 2 });
  for (const type of ['a', 'b', 'c', 'd', 'a', 'c']) count(type, 1);
  expect(await shown(registry)).toEqual([
    'events_total{type="a"} 2',
    'events_total{type="b"} 1',
    'events_total{type="other"} 3',
  ]);
  for (let type = 0; type < 10_000; type++) count(`type-${type}`, 1);
  expect(await shown(registry)).toHaveLength(3);
});
