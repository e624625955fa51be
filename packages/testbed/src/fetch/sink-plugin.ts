// The project's own classes for the MongoDB sink, beside the connector that they extend: Connect loads what
// is in one folder of its plugin path together.
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '../paths.ts';
import { fetchOnce } from './once.ts';

/** The jar, which `connect/sink-plugin/build.ts` makes. */
export const sinkPluginJar: string = join(projectRoot, 'connect', 'sink-plugin', 'activity-sink.jar');

/**
 * Makes a plugin path of the fetched one and of this project's jar, and returns it. Each version of the jar
 * has a folder of its own, so that a worker which runs keeps what it has loaded.
 */
export async function ensureSinkPlugin(home: string, fetched: string): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(sinkPluginJar)).digest('hex').slice(0, 12);
  const plugins = join(home, `plugins-${hash}`);
  await fetchOnce(plugins, (folder) => {
    cpSync(fetched, folder, { recursive: true });
    copyFileSync(sinkPluginJar, join(folder, 'mongodb', basename(sinkPluginJar)));
    return Promise.resolve();
  });
  return plugins;
}
