// Where things are in the project.
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The root of the repository. */
export const projectRoot: string = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** What was downloaded or made from downloads; git-ignored, safe to delete. */
export const cacheDir: string = join(projectRoot, '.cache');
