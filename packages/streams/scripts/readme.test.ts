// The README says what the files say: its example, its table of settings, the codes of its errors, its links.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { optionsTable, settingsOf } from './options-table.ts';
import { publicItems } from './public-api.ts';
import { readmeWith } from './readme.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const start = `${read('src/streams-options.ts')}\n${read('src/start.ts')}`;
const pages = [
  'README.md',
  'docs/kafka-streams.md',
  'docs/from-kafkajs.md',
  'docs/from-kafka-streams.md',
  'docs/tutorial/README.md',
];

describe('README.md', () => {
  test('holds the example and the settings as they are; `npm run readme` writes them', () => {
    const example = read('examples/word-count.ts');
    expect(readmeWith(readme, { example, options: optionsTable(start) })).toBe(readme);
  });

  test('has an example of 20 lines', () => {
    const lines = read('examples/word-count.ts').split('\n').filter(Boolean);
    expect(lines.length).toBeLessThanOrEqual(20);
  });

  test('explains every error code', () => {
    const codes = [...read('../kafka/src/errors.ts').matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(
      ([, code]) => code ?? '',
    );
    expect(codes.length).toBeGreaterThan(10);
    expect(codes.filter((code) => !readme.includes(`\`${code}\``))).toEqual([]);
  });

  test('explains every metric', () => {
    const declared = /export interface RuntimeMetrics \{([\s\S]*?)\n\}/.exec(
      read('src/runtime/metrics.ts'),
    )?.[1];
    const names = [...(declared ?? '').matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !readme.includes(`\`${name}`))).toEqual([]);
  });
});

describe('the settings', () => {
  const settings = settingsOf(start);

  test('are all documented', () => {
    expect(settings.filter(({ doc }) => doc === '').map(({ name }) => name)).toEqual([]);
  });

  test.each(settings.filter(({ fallback }) => fallback !== undefined))(
    '$name has the default in code that its docstring says: $fallback',
    ({ name, fallback = '' }) => {
      const forms = [`options.${name} ?? ${fallback}`, `${name} = ${fallback}`];
      // Of two values one is the default: what is asked is whether it is the other.
      if (name === 'guarantee') forms.push(`options.guarantee !== 'at_least_once'`);
      expect(forms.some((form) => start.includes(form))).toBe(true);
    },
  );

  test('have no default in code that no docstring says', () => {
    const inCode = [...start.matchAll(/options\.(\w+) \?\? [^(]/g)].map(([, name]) => name);
    const said = new Set(settings.filter(({ fallback }) => fallback !== undefined).map(({ name }) => name));
    expect(inCode.filter((name = '') => !said.has(name))).toEqual([]);
  });
});

describe('docs/kafka-streams.md', () => {
  const page = read('docs/kafka-streams.md');

  test('names every step', () => {
    const steps = publicItems(join(root, 'src', 'index.ts'))
      .map(({ name }) => name.split('.'))
      .filter(([owner = '', step]) => /^(Branched|K)\w*(Stream|Table)$/.test(owner) && step !== undefined)
      .map(([, step = '']) => step)
      // Not a step: where a stream stands, for the DSL itself.
      .filter((step) => step !== 'place');
    expect(steps.length).toBeGreaterThan(20);
    expect(steps.filter((step) => !new RegExp(`[\`.]${step}\\b`).test(page))).toEqual([]);
  });

  test('compares the defaults that are', () => {
    const rows = [...page.matchAll(/^\|.*\| `(\w+)` +\| `([^`]+)` +\|$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(rows.length).toBeGreaterThan(6);
    const fallbacks = new Map(settingsOf(start).map(({ name, fallback }) => [name, fallback]));
    expect(rows).toEqual(rows.map(([name = '']) => [name, fallbacks.get(name)]));
  });
});

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link ?? '');
  const local = links.filter((link) => !/^https?:/.test(link));
  expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});
