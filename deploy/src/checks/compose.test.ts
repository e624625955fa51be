// docker-compose.yml against the Dockerfile and the services' configuration.
import { expect, test } from 'vitest';
import { readCompose, type ComposeService } from './compose-file.ts';
import { inherited, readDockerfile } from './dockerfile.ts';
import { lacksOf, problemsOf } from './settings.ts';
import { isPinned, targetOf } from './sources.ts';

const compose = readCompose();
const dockerfile = readDockerfile();
const services = Object.entries(compose.services);
const ours = services.flatMap(([name, service]) => {
  const target = targetOf(service.image);
  return target === undefined || target === 'kafka-connect' ? [] : [{ name, service, target }];
});

function hasHealthcheck(service: ComposeService): boolean {
  const target = targetOf(service.image);
  if (service.healthcheck !== undefined) return true;
  return target !== undefined && inherited(dockerfile, target, 'HEALTHCHECK').length > 0;
}

test('says what is unknown', () => {
  const text = 'name: x\nservices: { a: { image: b, depend_on: {} } }\nvolumes: {}\n';
  expect(() => readCompose(text)).toThrow(/depend_on/);
});

test('runs all of the pipeline', () => {
  expect(ours.map(({ target }) => target).toSorted()).toEqual(
    ['connect', 'ingest', 'processor', 'query', 'setup', 'setup'].toSorted(),
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

test.each(services)('%s publishes what its image exposes, on this machine only', (_, service) => {
  const target = targetOf(service.image);
  for (const port of service.ports) {
    const [address, outside, inside] = port.split(':');
    expect(address).toBe('127.0.0.1');
    expect(inherited(dockerfile, target ?? '', 'EXPOSE')).toEqual([inside]);
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
  const used = service.volumes.map((volume) => volume.split(':')[0]);
  expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(used));
});

test('services reach each other where they listen', () => {
  const ports: Record<string, string | undefined> = { kafka: '9092', mongo: '27017' };
  for (const [name, service] of services) {
    ports[name] ??= inherited(dockerfile, targetOf(service.image) ?? '', 'EXPOSE')[0];
  }
  const named = services
    .flatMap(([, service]) => Object.values(service.environment))
    .flatMap((value) => Array.from(value.matchAll(/\b([a-z-]+):(\d{2,5})\b/g)))
    .filter(([, host]) => host !== undefined && host in compose.services);
  expect(named.length).toBeGreaterThan(5);
  expect(named.map(([text]) => text)).toEqual(named.map(([, host = '']) => `${host}:${ports[host]}`));
});
