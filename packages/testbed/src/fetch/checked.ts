// Checks downloads against the hashes that this repository holds, before anything of them runs.
import { createHash } from 'node:crypto';
import { createReadStream, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Problem } from '../process/problem.ts';

/** The SHA-256 of a file, in hex. */
async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/**
 * Compares the jars of a folder with a list that `sha256sum` has written: each must be on it with its hash,
 * and none may be missing.
 *
 * @throws Problem that names the files, and what to do.
 */
export async function checkJars(folder: string, list: string): Promise<void> {
  const lines = readFileSync(list, 'utf8').trim().split('\n');
  const wanted = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  const problems: string[] = [];
  for (const file of globSync('**/*.jar', { cwd: folder }).toSorted()) {
    const hash = wanted.get(file);
    wanted.delete(file);
    if (hash === undefined) problems.push(`${file} is not on the list`);
    else if ((await sha256Of(join(folder, file))) !== hash) problems.push(`${file} has another hash`);
  }
  for (const file of wanted.keys()) problems.push(`${file} is missing`);
  if (problems.length === 0) return;
  const remedy = `fetch them again; if packages/testbed/pom.xml was changed on purpose, write ${list} again (CONTRIBUTING.md)`;
  throw new Problem(`the downloaded jars are not those of ${list}: ${remedy}`, {
    detail: problems.join('\n'),
  });
}
