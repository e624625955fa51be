// `npm run readme -w packages/streams`: writes the example and the table of settings into the README.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionsTable } from './options-table.ts';
import { readmeWith } from './readme.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = join(root, 'README.md');
const example = read('examples/word-count.ts');
writeFileSync(
  readme,
  readmeWith(readFileSync(readme, 'utf8'), {
    example,
    options: optionsTable(read('src/streams-options.ts')),
  }),
);
