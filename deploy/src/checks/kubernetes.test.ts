// k8s/ against Kubernetes' schemas, the Dockerfile, and the services' configuration.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deployedNames } from '@activity/contracts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readCompose } from './compose-file.ts';
import { environmentOf, inherited, readDockerfile } from './dockerfile.ts';
import {
  fingerprint,
  goldenFileOf,
  networkPoliciesOf,
  objectsOf,
  overlays,
  schemaProblems,
  selects,
  servicesOf,
  withoutRules,
  workloadsOf,
  type Overlay,
  type Workload,
} from './kubernetes.ts';
import { mayReach } from './reachability.ts';
import { lacksOf, problemsOf } from './settings.ts';
import { documentsOf, isPinned, kustomize, projectRoot, read, targetOf, yamlFiles } from './sources.ts';

const names = ['local', 'production'] as const;
const goldens = { local: read(goldenFileOf('local')), production: read(goldenFileOf('production')) };
const rendered = objectsOf(goldens.local);
const base = yamlFiles('k8s/base')
  .filter((file) => !file.endsWith('kustomization.yaml'))
  .flatMap((file) => objectsOf(read(file)));
const everywhere = [
  ...base.map((object) => ({ of: 'base', object })),
  ...names.flatMap((of) => objectsOf(goldens[of]).map((object) => ({ of, object }))),
].map(({ of, object }) => ({ title: `${of} ${object.kind} ${object.metadata.name}`, of, object }));
const workloads = everywhere.flatMap(({ title, of, object }) =>
  workloadsOf([object]).map((workload) => ({ title, of, workload })),
);
const policies = networkPoliciesOf(rendered);
const dockerfile = readDockerfile();

function labelsOf(name: string): Record<string, string> {
  const found = workloadsOf(rendered).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found.spec.template.metadata.labels;
}

test.each(names)(
  'what is kept of the overlay %s was made of what is there: else npm run k8s:render',
  (name) => {
    expect(goldens[name].split('\n')[0]).toBe(`# sources ${fingerprint(name)}`);
  },
);

const builds = names.map((name) => [name, kustomize(`k8s/overlays/${name}`)] as const);

test.skipIf(builds[0]?.[1] === undefined).each(builds)(
  'kubectl makes of the overlay %s what is kept',
  (name: Overlay, built) => {
    expect(documentsOf(withoutRules(built ?? ''))).toEqual(documentsOf(goldens[name]));
  },
);

const folders = [...new Set(Object.values(overlays).flat())];

test.each(folders)('%s lists each of its files', (folder) => {
  const text = read(`${folder}/kustomization.yaml`);
  const others = yamlFiles(folder).filter((file) => !file.endsWith('kustomization.yaml'));
  expect(others.filter((file) => !text.includes(file.slice(dirname(file).length + 1)))).toEqual([]);
  expect(existsSync(join(projectRoot, folder))).toBe(true);
});

test.each(everywhere)('$title is what Kubernetes takes', ({ object }) => {
  expect(schemaProblems(object)).toEqual([]);
});

test('a misspelt field is found', () => {
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { clusterIp: 'None' } };
  expect(schemaProblems(object)).toEqual([expect.stringContaining('clusterIp')]);
});

test.each(workloads)(
  '$title sets what its service needs, and nothing that it does not have',
  ({ title, workload }) => {
    for (const { image, env } of workload.spec.template.spec.containers) {
      const target = targetOf(image);
      if (target === undefined || target === 'kafka-connect') continue;
      const variables = Object.fromEntries(env.map(({ name, value }) => [name, value]));
      expect(problemsOf({ where: title, target, variables })).toEqual([]);
      expect(lacksOf({ where: title, target, variables })).toEqual([]);
    }
  },
);

const inLocal = workloads.filter(({ of }) => of === 'local');

test('the services have the names that people know', () => {
  const named = inLocal.flatMap(({ workload: { metadata, spec } }) =>
    spec.template.spec.containers.map(({ image }): [string | undefined, string] => [
      targetOf(image),
      metadata.name,
    ]),
  );
  expect(Object.fromEntries(named)).toMatchObject(deployedNames);
});

test.each(inLocal)('$title takes its values from what is there', ({ workload }) => {
  for (const { env } of workload.spec.template.spec.containers) {
    for (const { valueFrom } of env) {
      const wanted = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
      if (wanted === undefined) continue;
      const kind = valueFrom?.configMapKeyRef ? 'ConfigMap' : 'Secret';
      const source = rendered.find((object) => object.kind === kind && object.metadata.name === wanted.name);
      expect(source).toHaveProperty(['data', wanted.key]);
    }
  }
});

test.each(workloads)('$title listens where its image does', ({ workload }) => {
  for (const { image, ports, env } of workload.spec.template.spec.containers) {
    const listens = ports.map(({ containerPort }) => String(containerPort));
    const target = targetOf(image);
    const exposed = target === undefined ? listens : inherited(dockerfile, target, 'EXPOSE');
    const probes = env.find(({ name }) => name === 'PROBE_PORT')?.value;
    expect(probes).toBe(target === undefined ? undefined : environmentOf(dockerfile, target)['PROBE_PORT']);
    expect(listens).toEqual(exposed);
    const told = env.flatMap(({ name, value }) => (/^(METRICS_)?PORT$/.test(name) ? [value] : []));
    expect([[], listens]).toContainEqual(told);
  }
});

const lasting = workloads.filter(({ workload }) => workload.kind !== 'Job');

test.each(lasting)('$title is asked for its health at its own port', ({ workload }) => {
  for (const container of workload.spec.template.spec.containers) {
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    const probePort = container.env.find(({ name }) => name === 'PROBE_PORT')?.value;
    const name = probePort === undefined ? container.ports[0]?.name : Number(probePort);
    // A script of its own knows the port by itself.
    const asked = probes.map((probe) =>
      probe?.['exec'] === undefined ? (probe?.httpGet ?? probe?.tcpSocket)?.port : name,
    );
    expect(asked).toEqual([name, name, name]);
  }
});

test.each(workloads)('$title is restricted, and takes no more than its share', ({ workload }) => {
  const { spec } = workload.spec.template;
  expect(spec).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false });
  expect(spec.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  for (const { image, resources, securityContext } of spec.containers) {
    expect(isPinned(image)).toBe(true);
    expect(resources).toMatchObject({
      requests: { cpu: expect.any(String), memory: expect.any(String) },
      limits: { memory: expect.any(String) },
    });
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

test.each(workloads)('$title runs an image that the Dockerfile or compose knows', ({ workload }) => {
  const known = Object.values(readCompose().services).map(({ image }) => image);
  for (const { image } of workload.spec.template.spec.containers) expect(known).toContain(image);
});

test.each(servicesOf(rendered).map((service) => [service.metadata.name, service] as const))(
  'the Service %s leads to pods that listen there',
  (_, { spec }) => {
    const pods = workloadsOf(rendered).filter((workload) =>
      selects(spec.selector, workload.spec.template.metadata.labels),
    );
    expect(pods).toHaveLength(1);
    for (const { port, targetPort } of spec.ports) {
      const ports = pods.flatMap((pod) => pod.spec.template.spec.containers.flatMap((one) => one.ports));
      expect(ports).toContainEqual(expect.objectContaining({ name: targetPort, containerPort: port }));
    }
  },
);

test('the node’s ports lead to the edge and to the query service', () => {
  const open = servicesOf(rendered).flatMap(({ metadata, spec }) =>
    spec.ports.flatMap(({ nodePort }) => (nodePort === undefined ? [] : [`${metadata.name} ${nodePort}`])),
  );
  expect(new Set(open)).toEqual(new Set(['producer 30000', 'consumer 30001']));
});

test.each([
  ['producer', 'kafka', 9092, true],
  ['producer', 'consumer', 3001, true],
  ['producer', 'mongo', 27_017, false],
  ['processor', 'kafka', 9092, true],
  ['processor', 'mongo', 27_017, false],
  ['connectors', 'kafka-connect', 8083, true],
  ['connectors', 'mongo', 27_017, true],
  ['connectors', 'kafka', 9092, true],
  ['kafka-connect', 'kafka', 9092, true],
  ['kafka-connect', 'mongo', 27_017, true],
  ['consumer', 'mongo', 27_017, true],
  ['consumer', 'kafka', 9092, true],
  ['consumer', 'kafka-connect', 8083, false],
  ['consumer', 'processor', 3002, true],
  ['consumer', 'connectors', 3003, true],
  ['producer', 'processor', 3002, false],
  ['producer', 'connectors', 3003, false],
  ['producer', 'kafka-connect', 8083, false],
  ['topics', 'kafka', 9092, true],
  ['replica-set', 'mongo', 27_017, true],
  ['kafka', 'kafka', 9092, true],
  ['mongo', 'mongo', 27_017, true],
  ['mongo', 'kafka', 9092, false],
] as const)('%s to %s:%i is %s', (from, to, port, allowed) => {
  expect(mayReach(policies, labelsOf(from), labelsOf(to), port)).toBe(allowed);
});

function settingsOf(workload: Workload | undefined): Record<string, string | undefined> {
  const env = workload?.spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

test.each([
  ['producer', '/livez', '/readyz'],
  ['processor', '/livez', '/readyz'],
  ['connectors', '/livez', '/readyz'],
  ['consumer', '/livez', '/readyz'],
])('%s is restarted where it does not live, and not asked where it is not ready', (name, lives, ready) => {
  const found = workloadsOf(rendered).find(({ metadata }) => metadata.name === name);
  const container = found?.spec.template.spec.containers[0];
  expect(container?.livenessProbe?.httpGet).toHaveProperty('path', lives);
  expect(container?.readinessProbe?.httpGet).toHaveProperty('path', ready);
});

test('MongoDB is ready when it is the primary, and is reached by the name that its pod knows itself', () => {
  const mongo = workloadsOf(rendered).find(({ metadata }) => metadata.name === 'mongo');
  const container = mongo?.spec.template.spec.containers[0];
  expect(container?.readinessProbe).toMatchObject({ exec: { command: ['bash', '/probe/is-primary.sh'] } });
  const secret = rendered.find(
    ({ kind, metadata }) => kind === 'Secret' && metadata.name === 'activity-mongodb',
  );
  const { uri } = z.looseObject({ data: z.looseObject({ uri: z.string() }) }).parse(secret).data;
  expect(new URL(Buffer.from(uri, 'base64').toString()).host).toBe(
    'mongo-0.mongo.activity.svc.cluster.local:27017',
  );
});

const rolled = workloads.filter(({ workload }) => workload.kind === 'Deployment');

test.each(rolled)(
  '$title says how it is rolled out, so that applying it again changes nothing',
  ({ workload }) => {
    expect(workload.spec).toHaveProperty('strategy.type');
  },
);

test.each(rolled.filter(({ workload }) => ['producer', 'consumer'].includes(workload.metadata.name)))(
  '$title serves until no Service leads to it any more, and has time left to end in order',
  ({ workload }) => {
    const { containers, terminationGracePeriodSeconds } = workload.spec.template.spec;
    const seconds = 5;
    for (const container of containers)
      expect(container).toMatchObject({ lifecycle: { preStop: { sleep: { seconds } } } });
    // What runService allows itself.
    expect(terminationGracePeriodSeconds).toBeGreaterThan(seconds + 9);
  },
);

test('the guide says what the pods of the small cluster request', () => {
  const requests = workloadsOf(rendered)
    .filter(({ kind }) => kind !== 'Job')
    .flatMap(({ spec }) => spec.template.spec.containers.map(({ resources }) => resources?.['requests']));
  const cpu = requests.reduce((sum, request) => sum + Number.parseInt(request?.['cpu'] ?? '', 10), 0);
  const memory = requests.reduce((sum, request) => {
    const [, count, unit] = /^(\d+)(Mi|Gi)$/.exec(request?.['memory'] ?? '') ?? [];
    return sum + Number(count) * (unit === 'Gi' ? 1 : 1 / 1024);
  }, 0);
  const says = `request ${cpu.toLocaleString('en')}m of CPU and ${memory.toFixed(1)} GiB of memory`;
  expect(read('docs/kubernetes.md')).toContain(says);
});

test('Kafka is set up as compose does it', () => {
  const kafka = workloadsOf(rendered).find(({ metadata }) => metadata.name === 'kafka');
  expect(settingsOf(kafka)).toEqual(readCompose().services['kafka']?.environment);
});

const budget = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    maxUnavailable: z.literal(1),
    selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
  }),
});
const budgets = base
  .filter(({ kind }) => kind === 'PodDisruptionBudget')
  .map((object) => budget.parse(object));
const spreads = z.looseObject({
  topologySpreadConstraints: z
    .array(
      z.strictObject({
        maxSkew: z.literal(1),
        topologyKey: z.string(),
        whenUnsatisfiable: z.literal('ScheduleAnyway'),
        labelSelector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
      }),
    )
    .default([]),
});

test.each(workloadsOf(base).map((workload) => [workload.metadata.name, workload] as const))(
  '%s loses one pod at a time, also where there is one alone',
  (name, { spec }) => {
    const { labels } = spec.template.metadata;
    const about = budgets.filter((one) => selects(one.spec.selector.matchLabels, labels));
    expect(about.map(({ metadata }) => metadata.name)).toEqual([name]);
  },
);

test.each([['producer'], ['consumer'], ['processor']])('%s is spread over zones and nodes', (name) => {
  const found = workloadsOf(base).find(({ metadata }) => metadata.name === name);
  const { topologySpreadConstraints: constraints } = spreads.parse(found?.spec.template.spec);
  expect(constraints.map(({ topologyKey }) => topologyKey)).toEqual([
    'topology.kubernetes.io/zone',
    'kubernetes.io/hostname',
  ]);
  for (const { labelSelector } of constraints)
    expect(selects(labelSelector.matchLabels, labelsOf(name))).toBe(true);
});
