// The Dockerfile against the workspaces and the services' configuration.
import { existsSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { z } from 'zod';
import { expect, test } from 'vitest';
import { defaultKafkaVersion } from '@activity/testbed/tools';
import { environmentOf, inherited, readDockerfile } from './dockerfile.ts';
import { problemsOf } from './settings.ts';
import { isPinned, projectRoot, read, schemas } from './sources.ts';

const dockerfile = readDockerfile();
const targets = Object.keys(schemas);

test('has a target for each service, and one for Kafka Connect', () => {
  expect([...dockerfile.stages.keys()]).toEqual(expect.arrayContaining([...targets, 'kafka-connect']));
});

test('takes its base images as arguments, with pinned tags', () => {
  const bases = [...dockerfile.stages.values()]
    .map(({ from }) => from)
    .filter((from) => !dockerfile.stages.has(from));
  expect(bases.filter((base) => !Object.values(dockerfile.args).includes(base))).toEqual([]);
  expect(bases.filter((base) => !isPinned(base))).toEqual([]);
});

test('runs the Node that the project pins', () => {
  const { devDependencies } = z
    .object({ devDependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read('package.json')));
  expect(dockerfile.args['NODE_IMAGE']).toMatch(new RegExp(`^node:${devDependencies['node']}-`));
});

test('runs the Kafka that packages/testbed/pom.xml pins', () => {
  const version = /<kafka.version>([\d.]+)</.exec(read('packages/testbed/pom.xml'))?.[1];
  expect(version).toBe(defaultKafkaVersion);
  expect(dockerfile.args['KAFKA_IMAGE']).toBe(`apache/kafka:${version}`);
});

test('has the Kafka that the template of a project has', () => {
  const template = read('packages/create-streams-app/template/compose.yaml');
  expect(template).toContain(`image: ${dockerfile.args['KAFKA_IMAGE']}\n`);
});

test('shows npm each workspace', () => {
  const lock = z
    .object({ packages: z.record(z.string(), z.looseObject({})) })
    .parse(JSON.parse(read('package-lock.json')));
  const workspaces = Object.keys(lock.packages).filter(
    (path) => path !== '' && !path.includes('node_modules'),
  );
  const copied = inherited(dockerfile, 'manifests', 'COPY').join('\n');
  expect(workspaces.filter((path) => !copied.includes(`${path}/package.json ${path}/`))).toEqual([]);
});

test('copies what is there, and what .dockerignore lets through', () => {
  const sources = [...dockerfile.stages.values()]
    .flatMap(({ instructions }) => instructions)
    .filter(({ keyword, text }) => keyword === 'COPY' && !text.startsWith('--from'))
    .flatMap(({ text }) => text.split(/\s+/).slice(0, -1));
  const admitted = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const reaches = (source: string): boolean =>
    admitted.some((path) => matchesGlob(source, path) || source.startsWith(`${path}/`));
  // Docker 20.10 does not match a wildcard below what is excluded.
  expect(admitted.filter((path) => path.includes('*'))).toEqual([]);
  expect(sources.length).toBeGreaterThan(20);
  expect(sources.filter((source) => !existsSync(join(projectRoot, source)))).toEqual([]);
  expect(sources.filter((source) => !reaches(source))).toEqual([]);
});

const manifest = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

/** The packages of this project that a workspace needs, those that they need included. */
function packagesOf(workspace: string): string[] {
  const { dependencies } = manifest.parse(JSON.parse(read(`${workspace}/package.json`)));
  const own = Object.keys(dependencies)
    .filter((name) => name.startsWith('@activity/'))
    .map((name) => name.replace('@activity/', 'packages/'));
  return [...own, ...own.flatMap(packagesOf)];
}

test.each(targets)('%s holds the packages that it needs, and no other', (target) => {
  const copied = inherited(dockerfile, target, 'COPY')
    .map((text) => text.split(/\s+/)[0] ?? '')
    .filter((source) => source.startsWith('packages/'));
  const needed = packagesOf(target === 'setup' ? 'deploy' : target);
  expect(new Set(copied)).toEqual(new Set(needed));
});

test.each([...targets, 'kafka-connect'])('%s does not run as root', (target) => {
  const user = inherited(dockerfile, target, 'USER').at(-1);
  expect(user).toMatch(/^(node|appuser)$/);
});

test.each(targets)('%s sets only variables that it has', (target) => {
  const { NODE_ENV, HOST, ...own } = environmentOf(dockerfile, target);
  expect({ NODE_ENV, HOST }).toEqual({ NODE_ENV: 'production', HOST: '0.0.0.0' });
  expect(problemsOf({ where: 'Dockerfile', target, variables: own })).toEqual([]);
});

test.each(targets.filter((target) => target !== 'setup'))(
  '%s exposes the port that it listens on',
  (target) => {
    const { PORT, METRICS_PORT, PROBE_PORT } = environmentOf(dockerfile, target);
    expect(inherited(dockerfile, target, 'EXPOSE')).toEqual([PORT ?? METRICS_PORT]);
    const name = PORT === undefined ? 'METRICS_PORT' : 'PORT';
    expect(String(schemas[target]?.shape[name]?.parse(undefined))).toBe(PORT ?? METRICS_PORT);
    expect(inherited(dockerfile, target, 'HEALTHCHECK').at(-1)).toContain(
      PROBE_PORT === undefined ? `"${name}"` : '"PROBE_PORT"',
    );
  },
);
