// `npm run golden -w packages/streams [NAME]`: writes the golden files of the release that package.json
// names, or of NAME: for stores that were added between two releases.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeGolden } from '../src/testing-support/golden-state.ts';

const manifest = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
await writeGolden(process.argv[2] ?? (JSON.parse(manifest) as { version: string }).version);
