// The files that describe deployments, and the services that they deploy.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigShape } from '@activity/service';
import { projectRoot } from '@activity/testbed/paths';
import { parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { configSchema as connect } from '@activity/connect/config';
import { configSchema as ingest } from '@activity/ingest/config';
import { configSchema as processor } from '@activity/processor/config';
import { configSchema as query } from '@activity/query/config';
import { configSchema as setup } from '../config.ts';

export { projectRoot };

/** The configuration of what each target of the Dockerfile runs. */
export const schemas: Record<string, z.ZodObject<ConfigShape>> = { ingest, processor, connect, query, setup };

/**
 * The target that makes an image of this project's, which is named after it;
 * undefined for the images of others.
 */
export function targetOf(image: string): string | undefined {
  return /^activity\/([a-z-]+):/.exec(image)?.[1];
}

/** Whether an image is named with a tag that says more than "the newest", with its digest or without. */
export function isPinned(image: string): boolean {
  return /:v?\d+(\.\d+)+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image);
}

/** Reads a file of the project. */
export function read(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}

/** The YAML files of a folder, by their paths from the root. */
export function yamlFiles(folder: string): string[] {
  return readdirSync(join(projectRoot, folder))
    .filter((file) => file.endsWith('.yaml'))
    .toSorted()
    .map((file) => join(folder, file));
}

/**
 * The documents of a YAML text.
 *
 * @throws Error with the place of the mistake, keys that are there twice included.
 */
export function documentsOf(text: string): unknown[] {
  return parseAllDocuments(text, { merge: true }).map((document) => {
    for (const problem of [...document.errors, ...document.warnings]) throw problem;
    return document.toJS();
  });
}

/** What `kubectl kustomize` makes of a folder; undefined where there is no kubectl. */
export function kustomize(folder: string): string | undefined {
  try {
    return execFileSync('kubectl', ['kustomize', folder], {
      cwd: projectRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
