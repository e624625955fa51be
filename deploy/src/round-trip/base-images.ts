// The public images that ours are built on and run beside: pulled, or, on an engine of our own, stood in for.
import { join } from 'node:path';
import { ensureKafka } from '@activity/testbed/fetch/kafka';
import { ensureMongod } from '@activity/testbed/fetch/mongod';
import { readCompose } from '../checks/compose-file.ts';
import { readDockerfile } from '../checks/dockerfile.ts';
import { projectRoot } from '../checks/sources.ts';
import type { Engine } from './engine.ts';
import type { Shell } from './shell.ts';

/** How images are come by. */
export interface BaseImagesOptions {
  shell: Shell;
  engine: Engine;
  /** Keeps root file systems. */
  folder: string;
  report: (line: string) => void;
  signal: AbortSignal;
}

async function isThere(shell: Shell, image: string): Promise<boolean> {
  return (
    (await shell.succeeds('docker', 'image', 'inspect', image)) || shell.succeeds('docker', 'pull', image)
  );
}

/**
 * Makes sure that every public image is there. Returns whether they are stand-ins.
 *
 * @throws Error where one is not and the engine is someone else's, whose names are not to be taken.
 */
export async function ensureBaseImages(options: BaseImagesOptions): Promise<'public' | 'stand-ins'> {
  const { shell, engine, folder, report, signal } = options;
  const { NODE_IMAGE = '', MAVEN_IMAGE = '', KAFKA_IMAGE = '' } = readDockerfile().args;
  const MONGO_IMAGE = readCompose().services['mongo']?.image ?? '';
  const names = { NODE_IMAGE, MAVEN_IMAGE, KAFKA_IMAGE, MONGO_IMAGE };
  const missing: string[] = [];
  for (const image of Object.values(names)) if (!(await isThere(shell, image))) missing.push(image);
  if (missing.length === 0) return 'public';
  if (!engine.own) throw new Error(`these images cannot be pulled: ${missing.join(', ')}`);
  report(`these images cannot be pulled: ${missing.join(', ')}; building stand-ins of Debian packages`);
  const kafka = await ensureKafka({ report, signal });
  const mongod = await ensureMongod({ report, signal });
  await shell
    .with({
      ...names,
      CACHE: folder,
      NODE: join(projectRoot, 'node_modules', 'node', 'bin', 'node'),
      KAFKA_LIBS: join(kafka.folder, 'libs'),
      MONGOD: mongod.file,
    })
    .run('bash', join(projectRoot, 'deploy', 'stand-ins', 'build.sh'));
  return 'stand-ins';
}
