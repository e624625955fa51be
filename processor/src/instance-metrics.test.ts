import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { instanceMetrics } from './instance-metrics.ts';

async function valueOf(registry: Registry, name: string): Promise<number | undefined> {
  return (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
}

test('shows readiness as it is now', async () => {
  const registry = new Registry();
  let ready = false;
  instanceMetrics(registry, { isReady: () => ready, stateDir: tmpdir() });
  expect(await valueOf(registry, 'activity_stream_ready')).toBe(0);
  ready = true;
  expect(await valueOf(registry, 'activity_stream_ready')).toBe(1);
});

test('shows the disk of the state', async () => {
  const registry = new Registry();
  instanceMetrics(registry, { isReady: () => true, stateDir: tmpdir() });
  const text = await registry.metrics();
  const { blocks, bsize } = await statfs(tmpdir());
  expect(text).toContain(
    `activity_pipeline_disk_size_bytes{part="processor",place="${tmpdir()}"} ${blocks * bsize}\n`,
  );
  expect(text).toMatch(/^activity_pipeline_disk_free_bytes\{part="processor",place="[^"]+"\} [1-9]\d*$/m);
});

test('shows no disk where there is no folder', async () => {
  const registry = new Registry();
  instanceMetrics(registry, { isReady: () => true, stateDir: '/nonexistent' });
  expect(await registry.metrics()).not.toMatch(/^activity_pipeline_disk/m);
});
