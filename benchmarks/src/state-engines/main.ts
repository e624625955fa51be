// `npm run bench:state`: which engine should keep state on disk? lmdb, classic-level and node:sqlite in turn,
// and a Map.
import { readArguments } from '@activity/service';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../median.ts';
import { levelEngine, lmdbEngine, mapEngine, sqliteEngine, type Engine } from './engines.ts';
import { measure, type Measured } from './measure.ts';

readArguments({
  usage: `npm run bench:state

Which engine should keep state on disk? lmdb, classic-level and node:sqlite in turn, and a Map.

Set by the environment:
  BENCH_KEYS   how many keys; 300000 by default
  BENCH_FLUSH   how many changes are flushed at once; 20000 by default
  BENCH_ROUNDS   how often each candidate is measured; 5 by default`,
});

const keys = Number(process.env['BENCH_KEYS'] ?? 300_000);
const perFlush = Number(process.env['BENCH_FLUSH'] ?? 20_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5);

const engines: readonly { name: string; open: (folder: string) => Engine | Promise<Engine> }[] = [
  { name: 'lmdb', open: lmdbEngine },
  { name: 'classic-level', open: levelEngine },
  { name: 'node:sqlite', open: sqliteEngine },
  { name: 'Map', open: mapEngine },
];

const columns: readonly (keyof Measured)[] = [
  'insert',
  'update',
  'busyMs',
  'hit',
  'miss',
  'scan',
  'dropMs',
  'space',
];

async function run(name: string, open: (folder: string) => Engine | Promise<Engine>): Promise<Measured> {
  const parent = mkdtempSync(join(tmpdir(), 'bench-state-'));
  try {
    const folder = join(parent, 'db');
    const engine = await open(folder);
    try {
      return await measure(engine, name === 'Map' ? undefined : folder, { keys, perFlush });
    } finally {
      await engine.close();
    }
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function text(column: keyof Measured, value: number): string {
  if (Number.isNaN(value)) return '–';
  if (column === 'busyMs' || column === 'dropMs' || column === 'space') return value.toFixed(1);
  return `${Math.round(value / 1000)}k`;
}

const results = new Map<string, Measured[]>(engines.map(({ name }) => [name, []]));
console.log(
  `${keys} keys, flushes of ${perFlush}, ${rounds} rounds, node ${process.version}, ${cpus().length} cores`,
);
for (let round = 0; round < rounds; round++) {
  // Each round begins with another engine, so that none is always the first or always after the same one.
  for (let i = 0; i < engines.length; i++) {
    const { name, open } = engines[(round + i) % engines.length] as (typeof engines)[number];
    results.get(name)?.push(await run(name, open));
  }
  console.log(`round ${round + 1} of ${rounds} done, load ${loadavg()[0]?.toFixed(1)}`);
}

console.log(`\n| engine | ${columns.join(' | ')} |\n|---|${columns.map(() => '---|').join('')}`);
for (const [name, measured] of results) {
  const cells = columns.map((column) => {
    const values = sorted(measured.map((one) => one[column]));
    const range = `${text(column, values[0] ?? 0)}–${text(column, values.at(-1) ?? 0)}`;
    return Number.isNaN(values[0]) ? '–' : `${text(column, median(values))} (${range})`;
  });
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

/** How an engine's figure compares with lmdb's of the same round: median and range over the rounds. */
function ratio(name: string, column: keyof Measured): number[] {
  const base = results.get('lmdb') ?? [];
  const of = results.get(name) ?? [];
  const all = sorted(of.map((one, i) => one[column] / (base[i]?.[column] ?? Number.NaN)));
  return [median(all), all[0] ?? Number.NaN, all.at(-1) ?? Number.NaN].map((n) => Math.round(n * 100) / 100);
}

console.log('\nAgainst lmdb in the same round, median (range):');
const ratios: { [name: string]: number } = {};
for (const { name } of engines.filter((engine) => engine.name !== 'lmdb')) {
  const parts = columns.map((column) => {
    const [middle = 0, low, high] = ratio(name, column);
    if (!Number.isNaN(middle)) ratios[`${name}/lmdb ${column}`] = middle;
    return Number.isNaN(middle) ? `${column} –` : `${column} ${middle} (${low}–${high})`;
  });
  console.log(`  ${name}: ${parts.join(', ')}`);
}
const figures = Object.fromEntries(
  [...results].flatMap(([name, measured]) =>
    columns.flatMap((column) => {
      const value = median(measured.map((one) => one[column]));
      return Number.isNaN(value) ? [] : [[`${name} ${column}`, Math.round(value * 10) / 10] as const];
    }),
  ),
);
console.log(JSON.stringify({ bench: 'state-engines', figures, ratios, targets: {} }));
process.exit();
