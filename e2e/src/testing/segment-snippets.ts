// What docs/segment.md shows, run as it is there but for the edge's address and the key.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf } from '@activity/deploy/checks/markdown';
import { projectRoot } from '@activity/testbed/paths';
import { run } from '@activity/testbed/process/run';
import { expect } from 'vitest';

/** Where a snippet sends to, and with which keys. */
export interface Target {
  edge: string;
  writeKey: string;
  adminKey?: string;
}

/** The snippet that the page marks with `segment: …`. */
export function snippet(mark: string, { edge, writeKey, adminKey = '' }: Target): string {
  const page = readFileSync(join(projectRoot, 'docs', 'segment.md'), 'utf8');
  const found = blocksOf(page).filter((block) => block.mark === `segment: ${mark}`);
  expect(found).toHaveLength(1);
  return String(found[0]?.text)
    .replaceAll('http://127.0.0.1:3000', edge)
    .replaceAll('WRITE_KEY', writeKey)
    .replaceAll('ADMIN_KEY', adminKey);
}

/** Runs a program of Node's, or of the shell's, in the folder where the clients are installed. */
export async function runSnippet(kind: 'node' | 'shell', text: string): Promise<string> {
  const command =
    kind === 'node'
      ? { file: process.execPath, args: ['--input-type=module', '--eval', text] }
      : { file: 'bash', args: ['-ec', text] };
  const { code, output } = await run({ ...command, cwd: join(projectRoot, 'e2e') });
  if (code !== 0) throw new Error(`the example ended with ${code}: ${output}`);
  return output;
}
