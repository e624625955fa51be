// Kubernetes objects as data: schemas, containers, and who may speak to whom.
import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { documentsOf, read, yamlFiles } from './sources.ts';

/** The overlays, with the folders that each is made of. */
export const overlays = {
  local: ['k8s/base', 'k8s/overlays/local'],
  production: ['k8s/base', 'k8s/components/monitoring', 'k8s/overlays/production'],
} as const;
/** One of them. */
export type Overlay = keyof typeof overlays;

/** What an overlay comes to, kept so that tests can look at it without kubectl. */
export function goldenFileOf(overlay: Overlay): string {
  return `k8s/overlays/${overlay}.golden.yaml`;
}

/**
 * The alert rules are kept as they are in a file of their own, and not once more in what an overlay comes to.
 */
const keptElsewhere = 'prometheus-rule.golden.yaml';

/** What kubectl made, without what is kept elsewhere. */
export function withoutRules(rendered: string): string {
  return rendered
    .split(/^---\n/m)
    .filter((text) => !/^kind: PrometheusRule$/m.test(text))
    .join('---\n');
}

/** A fingerprint of everything that an overlay is made of. */
export function fingerprint(overlay: Overlay): string {
  const hash = createHash('sha256');
  const files = overlays[overlay].flatMap(yamlFiles).filter((file) => !file.endsWith(keptElsewhere));
  for (const file of files) hash.update(`${file}\n${read(file)}`);
  return hash.digest('hex');
}

const envEntry = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({
      configMapKeyRef: z.object({ name: z.string(), key: z.string() }).optional(),
      secretKeyRef: z.object({ name: z.string(), key: z.string() }).optional(),
    })
    .optional(),
});

const port = z.union([z.string(), z.number()]);

const probe = z.looseObject({
  httpGet: z.looseObject({ port }).optional(),
  tcpSocket: z.looseObject({ port }).optional(),
});

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  env: z.array(envEntry).default([]),
  ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })).default([]),
  startupProbe: probe.optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  securityContext: z.record(z.string(), z.unknown()).optional(),
});

const labels = z.record(z.string(), z.string());

const workload = z.looseObject({
  kind: z.enum(['Deployment', 'StatefulSet', 'Job']),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    selector: z.looseObject({ matchLabels: labels }).optional(),
    template: z.looseObject({
      metadata: z.looseObject({ labels }),
      spec: z.looseObject({
        containers: z.array(container),
        enableServiceLinks: z.boolean().optional(),
        automountServiceAccountToken: z.boolean().optional(),
        securityContext: z.record(z.string(), z.unknown()).optional(),
      }),
    }),
  }),
});

const networkPort = z.object({ protocol: z.string(), port: z.number() });
const podSelector = z.strictObject({ matchLabels: labels.optional() });
const peer = z.strictObject({
  podSelector: podSelector.optional(),
  namespaceSelector: podSelector.optional(),
});

const networkPolicy = z.looseObject({
  kind: z.literal('NetworkPolicy'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.strictObject({
    podSelector,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
    ingress: z
      .array(z.strictObject({ from: z.array(peer).optional(), ports: z.array(networkPort) }))
      .default([]),
    egress: z
      .array(z.strictObject({ to: z.array(peer).optional(), ports: z.array(networkPort) }))
      .default([]),
  }),
});

const service = z.looseObject({
  kind: z.literal('Service'),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    type: z.string().optional(),
    selector: labels,
    ports: z.array(z.looseObject({ port: z.number(), targetPort: port, nodePort: z.number().optional() })),
  }),
});

const anything = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** An object of any kind. */
export type KubernetesObject = z.output<typeof anything>;
/** What runs pods. */
export type Workload = z.output<typeof workload>;
/** A rule about who may speak to whom. */
export type NetworkPolicy = z.output<typeof networkPolicy>;
/** A name for pods. */
export type Service = z.output<typeof service>;

/** The objects of a YAML text. */
export function objectsOf(text: string): KubernetesObject[] {
  return documentsOf(text).map((document) => anything.parse(document));
}

/** What runs pods, among the objects. */
export function workloadsOf(objects: readonly KubernetesObject[]): Workload[] {
  const kinds = new Set(['Deployment', 'StatefulSet', 'Job']);
  return objects.filter(({ kind }) => kinds.has(kind)).map((object) => workload.parse(object));
}

/** The network policies among the objects. */
export function networkPoliciesOf(objects: readonly KubernetesObject[]): NetworkPolicy[] {
  return objects.filter(({ kind }) => kind === 'NetworkPolicy').map((object) => networkPolicy.parse(object));
}

/** The Services among the objects. */
export function servicesOf(objects: readonly KubernetesObject[]): Service[] {
  return objects.filter(({ kind }) => kind === 'Service').map((object) => service.parse(object));
}

const definitions = z
  .object({ $defs: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(read('deploy/schemas/kubernetes.json')));
const operators = z
  .looseObject({ kinds: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(read('deploy/schemas/operators.json')));
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: 'kubernetes', ...definitions });
ajv.addSchema({ $id: 'operators', ...operators });

function schemaOf(apiVersion: string, kind: string): string | undefined {
  const operated = `${apiVersion}/${kind}`;
  if (operated in operators.kinds) return `operators#/kinds/${operated.replaceAll('/', '~1')}`;
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0]?.split('.')[0] : 'core';
  const name = `io.k8s.api.${group}.${apiVersion.split('/').at(-1)}.${kind}`;
  return name in definitions.$defs ? `kubernetes#/$defs/${name}` : undefined;
}

/**
 * What the schema of Kubernetes or of an operator finds wrong with an object, unknown fields included; empty
 * where nothing is.
 */
export function schemaProblems({ apiVersion, kind, ...rest }: KubernetesObject): string[] {
  const schema = schemaOf(apiVersion, kind);
  const validate = schema === undefined ? undefined : ajv.getSchema(schema);
  if (validate === undefined) return [`no schema for ${apiVersion} ${kind}: add it to deploy/schemas`];
  if (validate({ apiVersion, kind, ...rest })) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${kind} ${rest.metadata.name}${instancePath}: ${message} ${JSON.stringify(params)}`,
  );
}

/** Whether labels satisfy a selector. */
export function selects(
  matchLabels: Record<string, string> | undefined,
  of: Record<string, string>,
): boolean {
  return Object.entries(matchLabels ?? {}).every(([name, value]) => of[name] === value);
}
