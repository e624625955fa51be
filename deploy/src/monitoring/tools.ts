// Prometheus and promtool: the machine's own, or Debian's package,
// unpacked into the cache without installing it.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fetchOnce } from '@activity/testbed/fetch/once';
import { cacheDir } from '@activity/testbed/paths';
import { run } from '@activity/testbed/process/run';

/** Where the programs are. */
export interface Tools {
  prometheus: string;
  promtool: string;
}

function inFolder(folder: string): Tools | undefined {
  const tools = { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') };
  return existsSync(tools.prometheus) && existsSync(tools.promtool) ? tools : undefined;
}

async function must(file: string, args: string[], cwd: string): Promise<void> {
  const { code, output } = await run({ file, args, cwd });
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${output.trim().split('\n').at(-1) ?? ''}`);
}

async function unpack(folder: string): Promise<void> {
  const download = ['download', '--quiet', 'prometheus'];
  try {
    await must('apt-get', download, folder);
  } catch (error) {
    // A fresh container has no lists of packages yet, and only root may fetch them.
    if (process.getuid?.() !== 0) throw error;
    await must('apt-get', ['update', '--quiet'], folder);
    await must('apt-get', download, folder);
  }
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb')) ?? 'no package';
  await must('dpkg-deb', ['--extract', archive, '.'], folder);
}

/**
 * Finds the programs; on Debian and Ubuntu it fetches them where they are not installed (some 20 MB).
 *
 * @throws Error that says why there are none.
 */
export async function findTools(): Promise<Tools> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const installed = inFolder(folder);
    if (installed) return installed;
  }
  const folder = join(cacheDir, 'prometheus');
  try {
    await fetchOnce(folder, unpack);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`prometheus is not installed and cannot be fetched: ${reason}`, { cause: error });
  }
  const fetched = inFolder(join(folder, 'usr', 'bin'));
  if (!fetched) throw new Error(`the package in ${folder} has no prometheus and promtool`);
  return fetched;
}

/** The programs, or why there are none, for tests that do without. */
export async function toolsOrReason(): Promise<Tools | string> {
  return findTools().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
}
