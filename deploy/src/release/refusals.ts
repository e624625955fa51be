// Why a release is not published.
import type { Publishing } from './publishing.ts';

/** What a release is made of. */
export interface Release {
  publishing: Publishing;
  /** The tag of the commit: `v0.1.0`. */
  tag: string | undefined;
  packages: readonly { name: string; version: string; changelog: string }[];
}

/** Every reason not to publish, each with its remedy; empty where a release can be published. */
export function refusals({ publishing, tag, packages }: Release): string[] {
  const found: string[] = [];
  if (publishing.repository === '') {
    found.push(
      'the repository has no address: set publishing.repository in package.json, such as https://github.com/owner/name',
    );
  }
  for (const { name, version, changelog } of packages) {
    if (tag !== `v${version}`)
      found.push(`${name} has version ${version}, and the tag is ${tag ?? 'not given'}: tag v${version}`);
    if (!changelog.split('\n').some((line) => line.startsWith(`## ${version}`)))
      found.push(`packages/${name}/CHANGELOG.md has no section "## ${version}": write it`);
  }
  return found;
}
