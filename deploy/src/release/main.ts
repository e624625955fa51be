// `npm run release`: packs the public packages, and publishes them where it is told to.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from '@activity/service';
import { published, readPublishing } from './publishing.ts';
import { refusals } from './refusals.ts';
import { stage } from './stage.ts';

const { values } = readArguments({
  usage: `npm run release -- [--publish] [--tag v0.1.0]

Compiles the public packages and packs them into .cache/release.

--publish   publishes them on npm, with provenance. Refused while package.json has no publishing.repository
--tag       the tag of the commit; needed to publish`,
  options: { publish: { type: 'boolean', default: false }, tag: { type: 'string' } },
});
const root = join(import.meta.dirname, '..', '..', '..');
const out = join(root, '.cache', 'release');
const publishing = readPublishing(root);
const packages = published.map((name) => {
  const read = (file: string): string => readFileSync(join(root, 'packages', name, file), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { version: string };
  return { name, version, changelog: read('CHANGELOG.md') };
});
const problems = values.publish ? refusals({ publishing, tag: values.tag, packages }) : [];
if (problems.length > 0) {
  console.error(`Nothing was published:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
  process.exitCode = 1;
} else {
  const tag = values.tag ?? `v${packages[0]?.version ?? ''}`;
  const folders = stage({ root, out, publishing, tag });
  mkdirSync(join(out, 'tarballs'));
  for (const cwd of Object.values(folders)) {
    const command = values.publish ? ['publish'] : ['pack', '--pack-destination', join(out, 'tarballs')];
    execFileSync('npm', [...command, '--loglevel=warn'], { cwd, stdio: 'inherit' });
  }
}
