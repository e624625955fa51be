// k8s/ as kube-score sees it, and the commands of docs/kubernetes.md as kubectl reads them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findKubeScore, findings } from './kube-score.ts';
import { goldenFileOf, objectsOf } from './kubernetes.ts';
import { kustomize, projectRoot, read } from './sources.ts';

const kubeScore = await findKubeScore();
if ('reason' in kubeScore) console.warn(`the overlays are not scored: ${kubeScore.reason}`);

/**
 * What is meant to be as it is, everywhere. A limit on the processor's time is left away too: it would slow
 * down peaks that have room.
 */
const ignored = [
  // Tags are pinned: what is there need not be pulled again.
  'container-image-pull-policy',
  // The images' own users, 1000 and 999.
  'container-security-context-user-group-id',
];

// Two would restart the same connectors and erase the same users.
const supervisor = ['Deployment connectors'];

const expected = {
  local: {
    // What the overlay is for: one of each, reachable at the node.
    'deployment-replicas': ['Deployment connectors', 'Deployment consumer', 'Deployment producer'],
    'deployment-strategy': supervisor,
    'service-type': ['Service consumer', 'Service producer'],
    // Servers that write logs of their own; only the port shows how they are.
    'container-ephemeral-storage-request-and-limit': [
      'StatefulSet kafka',
      'StatefulSet kafka-connect',
      'StatefulSet mongo',
    ],
    'pod-probes-identical': ['StatefulSet kafka'],
  },
  production: {
    'deployment-replicas': supervisor,
    'deployment-strategy': supervisor,
    // topologySpreadConstraints spread them.
    'deployment-has-host-podantiaffinity': ['Deployment consumer', 'Deployment producer'],
    'statefulset-has-host-podantiaffinity': ['StatefulSet processor'],
    // Strimzi makes these pods.
    'networkpolicy-targets-pod': [
      'NetworkPolicy kafka-to-kafka',
      'NetworkPolicy kafka-to-kubernetes',
      'NetworkPolicy workers-from-supervisor',
      'NetworkPolicy workers-to-kubernetes',
      'NetworkPolicy workers-to-workers',
    ],
  },
};

test.skipIf('reason' in kubeScore).each(['local', 'production'] as const)(
  'kube-score finds nothing in the overlay %s but what is meant to be so',
  (overlay) => {
    const file = 'file' in kubeScore ? kubeScore.file : '';
    expect(findings(file, join(projectRoot, goldenFileOf(overlay)), ignored)).toEqual(expected[overlay]);
  },
);

const guide = read('docs/kubernetes.md');
const commands = [...guide.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block = '']) => block.split('\n'))
  .filter((line) => line.startsWith('kubectl '));
const thereIsKubectl = kustomize('k8s/base') !== undefined;

test('the guide has commands', () => {
  expect(commands.length).toBeGreaterThan(20);
});

// To a port where nobody listens: what is wrong with a command is said before,
// or instead of, that nobody answers.
test.skipIf(!thereIsKubectl).each(commands)('kubectl takes %s', (command) => {
  const nobody = 'kubectl() { command kubectl --server=http://127.0.0.1:1 --request-timeout=2s "$@"; }';
  const line = command
    .replace('overlays/ours', 'overlays/production')
    .replace('=api-keys.json', '=package.json');
  const { stdout, stderr, status } = spawnSync('bash', ['-c', `set -o pipefail\n${nobody}\n${line}`], {
    cwd: projectRoot,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: tmpdir(), KUBECONFIG: '/nonexistent' },
  });
  expect(status === 0 ? stdout : stderr).toMatch(status === 0 ? /./ : /connection refused/);
  expect(stderr).not.toMatch(/unknown|usage|must specify|error: (?!.*refused)/i);
});

const ours = mkdtempSync(join(tmpdir(), 'activity-ours-'));
afterAll(() => rmSync(ours, { recursive: true, force: true }));

test.skipIf(!thereIsKubectl)('an overlay as the guide has it takes all images from the registry', () => {
  const text = /```yaml\n(# k8s\/overlays\/ours.*?)```/s.exec(guide)?.[1] ?? '';
  const production = relative(join(ours, 'ours'), join(projectRoot, 'k8s/overlays/production'));
  mkdirSync(join(ours, 'ours'));
  writeFileSync(join(ours, 'ours', 'kustomization.yaml'), text.replace('../production', production));
  const built = kustomize(join(ours, 'ours')) ?? '';
  const images = [...built.matchAll(/^ +image: (\S+)$/gm)].map(([, image]) => image);
  expect(images).toHaveLength(5);
  expect(images.filter((image) => !image?.startsWith('registry.example.com/activity/'))).toEqual([]);
  expect(objectsOf(built).length).toBeGreaterThan(50);
});
