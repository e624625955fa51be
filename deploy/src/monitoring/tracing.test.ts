// k8s/components/tracing: with it, the edge and the processor know a collector and may reach it; nobody else.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { networkPoliciesOf, objectsOf, schemaProblems, workloadsOf } from '../checks/kubernetes.ts';
import { blocksOf } from '../checks/markdown.ts';
import { mayLeave } from '../checks/reachability.ts';
import { problemsOf } from '../checks/settings.ts';
import { kustomize, projectRoot, read } from '../checks/sources.ts';

const folder = 'k8s/components/tracing';
const traced = ['processor', 'producer'];
const base = objectsOf(
  ['network-policies', 'producer', 'processor', 'consumer', 'connectors']
    .map((name) => read(`k8s/base/${name}.yaml`))
    .join('---\n'),
);
const added = objectsOf(read(`${folder}/network-policies.yaml`));

test('the policies let the edge and the processor out to the port of a collector, and nobody else', () => {
  expect(added.flatMap(schemaProblems)).toEqual([]);
  const [before, after] = [base, [...base, ...added]].map(networkPoliciesOf);
  const collector = { 'app.kubernetes.io/name': 'otel-collector' };
  const free = (policies: typeof before = []): string[] =>
    workloadsOf(base)
      .filter(({ spec }) => mayLeave(policies, spec.template.metadata.labels, collector, 4318))
      .map(({ metadata }) => metadata.name)
      .toSorted();
  expect(free(before)).toEqual([]);
  expect(free(after)).toEqual(traced);
});

const overlay = mkdtempSync(join(tmpdir(), 'activity-overlay-'));
afterAll(() => rmSync(overlay, { recursive: true, force: true }));

/** What docs/monitoring.md adds to an overlay for a collector at another address. */
function documented(): object {
  const blocks = blocksOf(read('docs/monitoring.md')).filter(({ text }) =>
    text.includes('components/tracing'),
  );
  expect(blocks).toHaveLength(1);
  return z.looseObject({ patches: z.array(z.unknown()) }).parse(parse(blocks[0]?.text ?? ''));
}

const ours = 'http://otel-collector.monitoring:4318';

test.each([
  ['alone', () => ({}), { OTEL_EXPORTER_OTLP_ENDPOINT: ours }],
  [
    'and what the guide adds',
    documented,
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: ours,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://jaeger.tracing:4318/v1/traces',
    },
  ],
])('in an overlay with the component %s, both know the collector', (_, more, wanted) => {
  const root = relative(overlay, projectRoot);
  const components = [`${root}/${folder}`];
  const text = { namespace: 'activity', resources: [`${root}/k8s/base`], ...more(), components };
  writeFileSync(join(overlay, 'kustomization.yaml'), stringify(text));
  const rendered = kustomize(overlay);
  if (rendered === undefined) return console.warn('there is no kubectl');
  const containers = workloadsOf(objectsOf(rendered)).flatMap(({ metadata, spec }) =>
    spec.template.spec.containers.map(({ name, env }) => {
      const variables = Object.fromEntries(env.map((one) => [one.name, one.value]));
      expect(problemsOf({ where: metadata.name, target: name, variables })).toEqual([]);
      const told = Object.entries(variables).filter(([variable]) => variable.startsWith('OTEL_'));
      return [metadata.name, Object.fromEntries(told)] as const;
    }),
  );
  const knowing = containers.filter(([, told]) => Object.keys(told).length > 0);
  expect(Object.fromEntries(knowing)).toEqual(Object.fromEntries(traced.map((name) => [name, wanted])));
});
