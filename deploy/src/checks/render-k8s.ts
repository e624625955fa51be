// `npm run k8s:render`: keeps what kubectl makes of the local overlay, for tests and for reviewers.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, goldenFile } from './kubernetes.ts';
import { kustomize, projectRoot } from './sources.ts';

const text = kustomize('k8s/overlays/local');
if (text === undefined) {
  console.error('kubectl is missing: install it (it needs no cluster for this)');
  process.exit(1);
}
const note = 'What `kubectl kustomize k8s/overlays/local` makes. Written by `npm run k8s:render`.';
writeFileSync(join(projectRoot, goldenFile), `# sources ${fingerprint()}\n# ${note}\n${text}`);
console.log(`${goldenFile} is written`);
