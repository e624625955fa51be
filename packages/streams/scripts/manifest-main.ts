// `node scripts/manifest-main.ts published|source`: called by npm before and after it packs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestIn } from './manifest.ts';

const [form] = process.argv.slice(2);
if (form === 'published' || form === 'source') {
  const file = join(import.meta.dirname, '..', 'package.json');
  writeFileSync(file, manifestIn(form, readFileSync(file, 'utf8')));
} else {
  console.error('usage: node scripts/manifest-main.ts published|source');
  process.exitCode = 1;
}
