// Chromium, for the tests of the page: the one that is there, or Debian's package where it can be installed.
import { existsSync, readFileSync } from 'node:fs';
import { readTools } from '../tools.ts';
import { Problem, reasonOf } from '../process/problem.ts';
import { run } from '../process/run.ts';
import type { FetchContext } from './context.ts';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium-browser',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const installWithinMs = 240_000;

async function runs(file: string): Promise<boolean> {
  const outcome = await run({ file, args: ['--version'] }).catch(() => undefined);
  return outcome?.code === 0 && /chrom/i.test(outcome.output);
}

async function present(): Promise<string | undefined> {
  for (const place of places) if (existsSync(place) && (await runs(place))) return place;
  return undefined;
}

/** Ubuntu's package of this name is no browser but a way to another store. */
function hasPackage(): boolean {
  const release = '/etc/os-release';
  return existsSync(release) && /^ID=debian$/m.test(readFileSync(release, 'utf8'));
}

async function install({ report }: FetchContext): Promise<void> {
  report('installing Chromium for the tests of the page (apt-get install chromium)');
  const signal = AbortSignal.timeout(installWithinMs);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium']]) {
    const { code, output } = await run({ file: 'apt-get', args: ['-qq', ...args], env }, { signal });
    if (code !== 0) throw new Problem(`apt-get ${args[0]} failed`, { detail: output });
  }
}

/**
 * The program's path: CHROMIUM_PATH, or one that is there, or the one just installed.
 *
 * @throws Problem that says why there is none.
 */
export async function ensureChromium(context: FetchContext): Promise<string> {
  const given = readTools().CHROMIUM_PATH;
  if (given !== undefined) {
    if (await runs(given)) return given;
    throw new Problem(`CHROMIUM_PATH names ${given}, which does not run: correct or unset it`);
  }
  const found = await present();
  if (found !== undefined) return found;
  const remedy = 'install Chromium or set CHROMIUM_PATH';
  if (!hasPackage() || process.getuid?.() !== 0) throw new Problem(`Chromium is missing: ${remedy}`);
  try {
    await install(context);
  } catch (error) {
    throw new Problem(`Chromium is missing and could not be installed (${reasonOf(error)}): ${remedy}`, {
      cause: error,
    });
  }
  const installed = await present();
  if (installed === undefined) throw new Problem(`Chromium does not run after it was installed: ${remedy}`);
  return installed;
}
