// Root scripts for tests: which are this project's own, and running one without npm.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '@activity/testbed/paths';

/** A script of the root's package.json that `local/bootstrap.mjs` runs. */
export interface RootScript {
  name: string;
  /** Its file, without the extension, from local/src on. */
  program: string;
  args: string[];
}

/** All of them. */
export function rootScripts(): RootScript[] {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')));
  return Object.entries(scripts).flatMap(([name, command]) => {
    const [, program, args] = /^exec node local\/bootstrap\.mjs (\S+) ?(.*)$/.exec(command) ?? [];
    return program === undefined ? [] : [{ name, program, args: (args ?? '').split(' ').filter(Boolean) }];
  });
}

/** The file that a script runs. */
export function fileOf({ program }: RootScript): string {
  return join(projectRoot, 'local', 'src', `${program}.ts`);
}

/** How a script ended. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a script to its end. */
export async function runScript(
  name: string,
  more: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const script = rootScripts().find((one) => one.name === name);
  if (script === undefined) throw new Error(`there is no script ${name}`);
  const child = spawn(process.execPath, [fileOf(script), ...script.args, ...more], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
