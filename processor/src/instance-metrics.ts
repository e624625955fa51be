// What one instance of the processor shows of itself: whether it works, and how much room its state has.
import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { Gauge, type Registry } from 'prom-client';

/** What is asked at each scrape. */
export interface InstanceFacts {
  isReady: () => boolean;
  /** The folder of the local state. */
  stateDir: string;
}

/** Registers the metrics. While the folder cannot be asked, there are none of its disk. */
export function instanceMetrics(registry: Registry, { isReady, stateDir }: InstanceFacts): void {
  const ready: Gauge = new Gauge({
    name: 'activity_stream_ready',
    help: '1 while the instance processes; 0 while it starts, rebalances or restores',
    registers: [registry],
    collect: () => ready.set(isReady() ? 1 : 0),
  });
  /** Each asks for itself: metrics are collected side by side. */
  function show(name: string, help: string, read: (disk: StatsFs) => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: ['part', 'place'],
      registers: [registry],
      async collect() {
        gauge.reset();
        const disk = await statfs(stateDir).catch(() => undefined);
        if (disk) gauge.set({ part: 'processor', place: stateDir }, read(disk));
      },
    });
  }
  show(
    'activity_pipeline_disk_size_bytes',
    'Size of the disk of a part',
    ({ blocks, bsize }) => blocks * bsize,
  );
  show(
    'activity_pipeline_disk_free_bytes',
    'Room left on the disk of a part',
    ({ bavail, bsize }) => bavail * bsize,
  );
}
