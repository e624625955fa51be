// `npm run k8s:render`: writes what the production overlay repeats of the code, and keeps what kubectl makes
// of the overlays.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from '@activity/service';
import { fingerprint, goldenFileOf, withoutRules } from './kubernetes.ts';
import { writtenFiles } from './operators.ts';
import { kustomize, projectRoot } from './sources.ts';

readArguments({
  usage: `npm run k8s:render

Writes what the production overlay repeats of the code, and what kubectl makes of the overlays (k8s/overlays/*.golden.yaml). Needs kubectl.`,
});

function write(file: string, text: string): void {
  writeFileSync(join(projectRoot, file), text);
  console.log(`${file} is written`);
}

for (const [file, text] of Object.entries(await writtenFiles())) write(file, text);
for (const overlay of ['local', 'production'] as const) {
  const folder = `k8s/overlays/${overlay}`;
  const text = kustomize(folder);
  if (text === undefined) {
    console.error('kubectl is missing: install it (it needs no cluster for this)');
    process.exit(1);
  }
  const note = `What \`kubectl kustomize ${folder}\` makes. Written by \`npm run k8s:render\`.`;
  write(goldenFileOf(overlay), `# sources ${fingerprint(overlay)}\n# ${note}\n${withoutRules(text)}`);
}
