// SECURITY.md says what is checked before it runs, and what is not: these are the files.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readCompose } from './compose-file.ts';
import { readDockerfile } from './dockerfile.ts';
import { goldenFileOf, objectsOf, workloadsOf } from './kubernetes.ts';
import { projectRoot, read, targetOf } from './sources.ts';

const page = read('SECURITY.md');

/** The images of others that anything here is built on or started from. */
function imagesOfOthers(): string[] {
  const dockerfiles = ['Dockerfile', 'k8s/overlays/production/kafka-connect.dockerfile'];
  const bases = dockerfiles.flatMap((file) => Object.values(readDockerfile(read(file)).args));
  const composed = Object.values(readCompose().services).map(({ image }) => image);
  const pods = (['local', 'production'] as const).flatMap((overlay) =>
    workloadsOf(objectsOf(read(goldenFileOf(overlay)))).flatMap(({ spec }) =>
      spec.template.spec.containers.map(({ image }) => image),
    ),
  );
  const all = [...bases, ...composed, ...pods];
  return [...new Set(all)].filter((image) => targetOf(image) === undefined);
}

function hasDigest(image: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(image);
}

const renovate = z
  .looseObject({
    extends: z.array(z.string()),
    kubernetes: z.looseObject({ managerFilePatterns: z.array(z.string()) }),
  })
  .parse(JSON.parse(read('renovate.json')));

describe('images of others', () => {
  test('are named by digests, or SECURITY.md says that they are not', () => {
    const images = imagesOfOthers();
    expect(images.length).toBeGreaterThan(5);
    const tagged = images.filter((image) => !hasDigest(image));
    expect(page.includes('are named by tags, which their publishers can move')).toBe(tagged.length > 0);
  });

  test('get their digests from Renovate, those of the manifests too', () => {
    expect(renovate.extends).toContain('docker:pinDigests');
    const [pattern = ''] = renovate.kubernetes.managerFilePatterns;
    const matches = new RegExp(pattern.slice(1, -1));
    expect(
      ['k8s/base/producer.yaml', 'k8s/overlays/local/mongo.yaml'].every((file) => matches.test(file)),
    ).toBe(true);
    // Written by `npm run k8s:render`, of the others.
    expect(matches.test('k8s/overlays/local.golden.yaml')).toBe(false);
  });
});

const workflows = readdirSync(join(projectRoot, '.github', 'workflows')).map((file) =>
  join('.github', 'workflows', file),
);

test.each(workflows)('%s uses actions by their commits, which SECURITY.md promises', (workflow) => {
  const uses = [...read(workflow).matchAll(/^\s*(?:- )?uses:\s*(\S+)/gm)].map(([, action = '']) => action);
  expect(uses.length).toBeGreaterThan(0);
  const ofOthers = uses.filter((action) => !action.startsWith('./'));
  expect(ofOthers.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  expect(page).toContain('GitHub Actions by their commits');
});

test('packages have strong hashes, and no package says where it is to be fetched', () => {
  const { packages } = z
    .object({ packages: z.record(z.string(), z.looseObject({ link: z.boolean().optional() })) })
    .parse(JSON.parse(read('package-lock.json')));
  const fetched = Object.entries(packages).filter(
    ([path, { link }]) => path.includes('node_modules/') && !link,
  );
  expect(fetched.length).toBeGreaterThan(100);
  const wrong = fetched.filter(
    ([, { integrity, resolved }]) => !String(integrity).startsWith('sha512-') || resolved !== undefined,
  );
  expect(wrong.map(([path]) => path)).toEqual([]);
  expect(page).toContain('npm packages by the lockfile’s hashes'.replace('’', "'"));
});
