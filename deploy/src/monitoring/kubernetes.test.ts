// k8s/components/monitoring: the same rules and jobs as anywhere else, for the Prometheus operator.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { objectsOf, schemaProblems, servicesOf, workloadsOf } from '../checks/kubernetes.ts';
import { documentsOf, kustomize, projectRoot, read, yamlFiles } from '../checks/sources.ts';
import { readRules, rulesFile } from './rules.ts';

const folder = 'k8s/components/monitoring';
const ruleFile = `${folder}/prometheus-rule.golden.yaml`;

const labels = z.record(z.string(), z.string());

/**
 * What this project uses of the operator's resources, and nothing else, so that a misspelt field is found.
 */
const serviceMonitor = z.strictObject({
  apiVersion: z.literal('monitoring.coreos.com/v1'),
  kind: z.literal('ServiceMonitor'),
  metadata: z.strictObject({ name: z.string(), labels }),
  spec: z.strictObject({
    jobLabel: z.string(),
    selector: z.strictObject({
      matchExpressions: z.tuple([
        z.strictObject({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) }),
      ]),
    }),
    endpoints: z.array(
      z.strictObject({ port: z.string(), path: z.literal('/metrics'), interval: z.literal('15s') }),
    ),
  }),
});

function prometheusRule(): string {
  const { groups } = readRules();
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: {
      name: 'activity-pipeline',
      labels: { 'app.kubernetes.io/name': 'activity-pipeline' },
    },
    spec: { groups },
  };
  const note = `The rules of ${rulesFile}. Written by \`npm run docs:generate\`.`;
  return `# ${note}\n${stringify(object, { lineWidth: 120 })}`;
}

test('the PrometheusRule holds the rules that are tested', async () => {
  await expect(prometheusRule()).toMatchFileSnapshot(join(projectRoot, ruleFile));
});

const base = yamlFiles('k8s/base')
  .filter((file) => !file.endsWith('kustomization.yaml'))
  .flatMap((file) => objectsOf(read(file)));

test('the ServiceMonitor finds the four services, under the names of the jobs, at ports that they have', () => {
  const { spec } = serviceMonitor.parse(documentsOf(read(`${folder}/service-monitor.yaml`))[0]);
  const [{ key, values }] = spec.selector.matchExpressions;
  const labelled = z.looseObject({ labels });
  const found = servicesOf(base).flatMap((service) => {
    const { labels: own } = labelled.parse(service.metadata);
    return values.includes(own[key] ?? '') ? [{ job: own[spec.jobLabel], service }] : [];
  });
  expect(found.map(({ job }) => job ?? '').toSorted((a, b) => a.localeCompare(b))).toEqual([
    'connect',
    'ingest',
    'processor',
    'query',
  ]);
  const ports = new Set(spec.endpoints.map(({ port }) => port));
  for (const { service } of found) {
    const named = service.spec.ports.filter(({ name }) => ports.has(String(name)));
    expect(named).toHaveLength(1);
  }
});

test('the network policies open the metrics ports of pods that are there', () => {
  const policies = objectsOf(read(`${folder}/network-policies.yaml`));
  expect(policies.flatMap(schemaProblems)).toEqual([]);
  const names = workloadsOf(base).map(({ metadata }) => metadata.name);
  for (const { metadata } of policies) expect(names).toContain(metadata.name.replace('-from-prometheus', ''));
});

test('the component lists each of its files', () => {
  const { resources } = z
    .looseObject({ kind: z.literal('Component'), resources: z.array(z.string()) })
    .parse(documentsOf(read(`${folder}/kustomization.yaml`))[0]);
  const files = yamlFiles(folder).filter((file) => !file.endsWith('kustomization.yaml'));
  expect(new Set(resources.map((name) => `${folder}/${name}`))).toEqual(new Set(files));
});

const overlay = mkdtempSync(join(tmpdir(), 'activity-overlay-'));
afterAll(() => rmSync(overlay, { recursive: true, force: true }));

function built(): string | undefined {
  const root = relative(overlay, projectRoot);
  const text = { resources: [`${root}/k8s/base`], components: [`${root}/${folder}`], namespace: 'activity' };
  writeFileSync(join(overlay, 'kustomization.yaml'), stringify(text));
  return kustomize(overlay);
}

test('kubectl builds an overlay with it', ({ skip }) => {
  const rendered = built();
  if (rendered === undefined) return skip('there is no kubectl');
  const kinds = objectsOf(rendered).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(kinds).toEqual(
    expect.arrayContaining(['ServiceMonitor activity-pipeline', 'PrometheusRule activity-pipeline']),
  );
});
