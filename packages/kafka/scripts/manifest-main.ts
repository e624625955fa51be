// `node manifest-main.ts published|source` in a package's folder: called by npm before and after it packs.
import { readFileSync, writeFileSync } from 'node:fs';
import { manifestIn } from './manifest.ts';

const [form] = process.argv.slice(2);
if (form === 'published' || form === 'source') {
  const file = 'package.json';
  writeFileSync(file, manifestIn(form, readFileSync(file, 'utf8')));
} else {
  console.error('usage: node manifest-main.ts published|source');
  process.exitCode = 1;
}
