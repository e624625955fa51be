// docker-compose.yml against the Dockerfile and the services' configuration.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deployedNames } from '@activity/contracts';
import { expect, test } from 'vitest';
import { readCompose, type ComposeService } from './compose-file.ts';
import { inherited, readDockerfile } from './dockerfile.ts';
import { lacksOf, problemsOf } from './settings.ts';
import { isPinned, projectRoot, targetOf } from './sources.ts';

const compose = readCompose();
const dockerfile = readDockerfile();
const services = Object.entries(compose.services);
const ours = services.flatMap(([name, service]) => {
  const target = targetOf(service.image);
  return target === undefined || target === 'kafka-connect' ? [] : [{ name, service, target }];
});

/** Where the images of others listen, as they are set up here. */
const othersListen: Record<string, string> = {
  kafka: '9092',
  mongo: '27017',
  prometheus: '9090',
  grafana: '3030',
  'kafka-ui': '8080',
};

function portsOf(name: string, service: ComposeService): string[] {
  const target = targetOf(service.image);
  const other = othersListen[name];
  if (target === undefined) return other === undefined ? [] : [other];
  return inherited(dockerfile, target, 'EXPOSE');
}

function hasHealthcheck(service: ComposeService): boolean {
  const target = targetOf(service.image);
  if (service.healthcheck !== undefined) return true;
  return target !== undefined && inherited(dockerfile, target, 'HEALTHCHECK').length > 0;
}

test('says what is unknown', () => {
  const text = 'name: x\nservices: { a: { image: b, depend_on: {} } }\nvolumes: {}\n';
  expect(() => readCompose(text)).toThrow(/depend_on/);
});

test('calls the services by the names that people know', () => {
  const run = ours.filter(({ target }) => target !== 'setup');
  expect(Object.fromEntries(run.map(({ name, target }) => [target, name]))).toEqual(deployedNames);
});

test('runs all of the pipeline', () => {
  expect(ours.map(({ target }) => target).toSorted()).toEqual(
    ['connect', 'ingest', 'processor', 'query', 'setup', 'setup', 'setup'].toSorted(),
  );
});

test.each(ours)(
  '$name sets what $target needs, and nothing that it does not have',
  ({ name, service, target }) => {
    const settings = { where: name, target, variables: service.environment };
    expect(problemsOf(settings)).toEqual([]);
    expect(lacksOf(settings)).toEqual([]);
  },
);

test.each(services)('%s has a pinned image, and a target where it is our own', (_, service) => {
  expect(isPinned(service.image)).toBe(true);
  expect(service.build?.target).toBe(targetOf(service.image));
  expect(service.build === undefined || dockerfile.stages.has(service.build.target)).toBe(true);
});

test.each(services)('%s may do little', (_, service) => {
  expect(service).toMatchObject({
    read_only: true,
    init: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  });
});

test.each(services)('%s publishes what its image exposes, on this machine only', (name, service) => {
  for (const port of service.ports) {
    const [address, outside, inside] = port.split(':');
    expect(address).toBe('127.0.0.1');
    expect(portsOf(name, service)).toEqual([inside]);
    expect(outside).toBe(inside);
  }
});

test.each(services)(
  '%s waits for health where there is a check, and for what ends to its end',
  (_, service) => {
    const conditions = Object.entries(service.depends_on).map(([name, { condition }]) => [name, condition]);
    const wanted = Object.keys(service.depends_on).map((name) => {
      const awaited = compose.services[name];
      if (awaited === undefined) throw new Error(`there is no service ${name}`);
      if (awaited.restart === 'on-failure:5') return [name, 'service_completed_successfully'];
      return [name, hasHealthcheck(awaited) ? 'service_healthy' : 'service_started'];
    });
    expect(conditions).toEqual(wanted);
  },
);

test.each(services)('%s keeps its data in volumes that are declared', (_, service) => {
  const used = service.volumes
    .filter((volume) => !volume.startsWith('./'))
    .map((volume) => volume.split(':')[0]);
  expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(used));
});

test.each(services)('%s reads files of the project that are there, and writes none', (_, service) => {
  for (const volume of service.volumes.filter((one) => one.startsWith('./'))) {
    const [from = '', , mode] = volume.split(':');
    expect(existsSync(join(projectRoot, from))).toBe(true);
    expect(mode).toBe('ro');
  }
});

test('the core runs without the tools', () => {
  const tools = services.filter(([, { profiles }]) => profiles.length > 0);
  const names = tools.map(([name]) => name);
  expect(names).toEqual(['prometheus', 'grafana', 'kafka-ui']);
  expect(tools.map(([, { profiles }]) => profiles)).toEqual(tools.map(() => ['tools']));
  expect(tools.filter(([, service]) => !hasHealthcheck(service))).toEqual([]);
  const core = services.filter(([name]) => !names.includes(name));
  expect(core.flatMap(([, service]) => Object.keys(service.depends_on))).not.toEqual(
    expect.arrayContaining([expect.stringMatching(new RegExp(`^(${names.join('|')})$`))]),
  );
});

test('nobody is root, in images of others either', () => {
  // Kafka's own image has a user.
  const others = services.filter(([name, { image }]) => targetOf(image) === undefined && name !== 'kafka');
  expect(others.filter(([, { user = '' }]) => !/^[1-9]\d*:\d+$/.test(user))).toEqual([]);
});

test('services reach each other where they listen', () => {
  const ports = Object.fromEntries(services.map(([name, service]) => [name, portsOf(name, service)[0]]));
  const named = services
    .flatMap(([, service]) => Object.values(service.environment))
    .flatMap((value) => Array.from(value.matchAll(/\b([a-z-]+):(\d{2,5})\b/g)))
    .filter(([, host]) => host !== undefined && host in compose.services);
  expect(named.length).toBeGreaterThan(5);
  expect(named.map(([text]) => text)).toEqual(named.map(([, host = '']) => `${host}:${ports[host]}`));
});
