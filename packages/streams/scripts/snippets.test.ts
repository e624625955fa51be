// Every TypeScript block of the pages compiles against the package.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { moduleOf, snippetsOf } from './snippets.ts';

const root = join(import.meta.dirname, '..');
const modules = join(root, '..', '..', 'node_modules');

/** What the compiler says of modules, by name. */
function compile(files: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'snippets-'));
  try {
    symlinkSync(modules, join(folder, 'node_modules'));
    mkdirSync(join(folder, 'src'));
    for (const [name, text] of files) writeFileSync(join(folder, 'src', name), text);
    const config = { extends: join(root, '..', '..', 'tsconfig.base.json'), include: ['src'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const { stdout } = spawnSync(join(modules, '.bin', 'tsc'), ['-p', folder], { encoding: 'utf8' });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const pages = ['README.md', 'docs/kafka-streams.md', 'docs/from-kafkajs.md', 'docs/from-kafka-streams.md'];

test.each(pages)('the code of %s compiles', { timeout: 60_000 }, (page) => {
  const snippets = snippetsOf(readFileSync(join(root, page), 'utf8'));
  expect(snippets.length).toBeGreaterThan(0);
  const files = new Map(
    snippets.map((snippet) => [snippet.file ?? `line-${snippet.line}.ts`, moduleOf(snippet)]),
  );
  expect(compile(files)).toBe('');
});

test('code that does not compile is told', { timeout: 60_000 }, () => {
  expect(compile(new Map([['wrong.ts', moduleOf({ line: 1, code: 'builder.strem("a");' })]]))).toContain(
    'strem',
  );
});
