// Segment's client for Python, from the package index, for tests that send events with it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../paths.ts';
import type { FetchContext } from './context.ts';
import { fetchOnce } from './once.ts';
import { python } from './python.ts';

/** The client and what it imports, each a wheel for every machine. */
const requirements = `
segment-analytics-python==2.4.0 --hash=sha256:0e809bb5555454ac229e52c86c9998b7f6919ffa11cc9cfa70867dd3b2ea87a7
certifi==2026.10.19.post1 --hash=sha256:1324c476b4811eff41a8bc2122cd0bbd4d9c7234c725446d99ab1612b3a7fdd2
charset-normalizer==3.5.3 --hash=sha256:96e268b0cbda016ac519513294fcd17032264085b600abaac58b93049477e132
idna==3.20 --hash=sha256:ab7ae7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c
pyjwt==2.15.1 --hash=sha256:42d59d631f7768a1028a64c7ff581a9bf7519804daf91fc5b6c56e30eec5e193
python-dateutil==2.9.0.post0 --hash=sha256:a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427
requests==2.34.2 --hash=sha256:2a0d60c172f83ac6ab31e4554906c0f3b3588d37b5cb939b1c061f4907e278e0
six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274
urllib3==2.8.0 --hash=sha256:0cf3cae568d36aa9576b28dfb35f11328f1cb974ca7647d9475ebb86c75ac6e3
`;
const target = join(cacheDir, 'segment-python', '2.4.0');

async function fill(folder: string, context: FetchContext): Promise<void> {
  const list = join(folder, 'requirements.txt');
  writeFileSync(list, requirements.trimStart());
  const quietly = ['--quiet', '--no-deps', '--disable-pip-version-check', '--no-warn-script-location'];
  const checked = ['--only-binary', ':all:', '--require-hashes', '--requirement', list];
  const args = ['-m', 'pip', 'install', ...quietly, ...checked, '--target', folder];
  await python(args, 'installing segment-analytics-python', context);
}

/**
 * Installs the client once. Returns the folder to set PYTHONPATH to.
 *
 * @throws Problem where there is no Python, no pip or no package index.
 */
export async function ensureSegmentPython(context: FetchContext): Promise<string> {
  if (!existsSync(target)) {
    context.report('installing segment-analytics-python for the tests of Segment’s API (pip)');
    await fetchOnce(target, (folder) => fill(folder, context));
  }
  return target;
}
