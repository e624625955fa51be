// Conformance: our test driver repeats recorded runs of Kafka Streams, and the program finds a difference.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { caseNames } from './cases.ts';
import { playRun, type RecordedRun } from './run-case.ts';

const vectors = join(import.meta.dirname, '../../conformance/vectors');
const edges = join(import.meta.dirname, '../../conformance/edges');
const program = join(import.meta.dirname, 'main.ts');

const names = readdirSync(vectors)
  .filter((file) => file.endsWith('.jsonl'))
  .map((file) => file.replace('.jsonl', ''))
  .toSorted();

function runsOf(name: string, of = vectors): RecordedRun[] {
  const lines = readFileSync(join(of, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter(Boolean);
  return lines.map((line) => JSON.parse(line) as RecordedRun);
}

describe.each([
  ['recorded runs of Kafka Streams', vectors],
  ['recorded runs at the edges', edges],
])('%s', (_what, of) => {
  test.each(names)('%s', (name) => {
    const runs = runsOf(name, of);
    expect(runs.length).toBeGreaterThan(0);
    for (const run of runs) {
      expect(run.steps.length).toBeGreaterThan(0);
      expect(playRun(run)).toEqual({ verdict: 'equal', steps: run.steps.length });
    }
  });

  test('are there for every case', () => {
    expect(names).toEqual(caseNames.toSorted());
  });
});

function reverse(step: RecordedRun['steps'][number]): void {
  step.out = step.out.toReversed();
}

describe('the program', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streams-conformance-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  }

  function copy(name: string, change: (line: RecordedRun, index: number) => void): void {
    const runs = runsOf(name);
    runs.forEach(change);
    writeFileSync(join(folder, `${name}.jsonl`), runs.map((one) => JSON.stringify(one)).join('\n'));
  }

  test('prints each case, lists the unsupported ones, and exits 0', () => {
    cpSync(vectors, folder, { recursive: true });
    const unheard = runsOf('count-by-key').map((one) => JSON.stringify({ ...one, case: 'unheard-of' }));
    writeFileSync(join(folder, 'unheard-of.jsonl'), unheard.join('\n'));
    const { status, stdout } = run(folder);
    expect(status).toBe(0);
    expect(stdout).toContain('equal      tumbling-count: 36 runs, 1440 steps\n');
    expect(stdout).toContain('unsupported unheard-of: its operators are not there yet\n');
    expect(stdout.trim().split('\n')).toHaveLength(names.length + 1);
  });

  test.each<[string, string, (run: RecordedRun) => void]>([
    ['a value', 'count-by-key', ({ steps }) => ((steps[20]?.out[0] ?? [])[1] = '77')],
    ['a time', 'tumbling-count', ({ steps }) => ((steps[0]?.out[0] ?? [])[2] = 1)],
    ['a record too few', 'reduce-concat', ({ steps }) => steps[3]?.out.push(['k', 'v', 0])],
    ['a record too many', 'reduce-concat', ({ steps }) => steps[3]?.out.pop()],
    ['the order', 'table-groupby-count', ({ steps }) => steps.forEach(reverse)],
  ])('exits 1 where %s differs, and shows the first step that does', (_what, name, change) => {
    copy('count-by-value-repartitioned', () => {});
    copy(name, (line, index) => {
      if (index === 2) change(line);
    });
    const { status, stdout } = run(folder);
    expect(status).toBe(1);
    expect(stdout).toContain(`DIFFERENT  ${name}: 1 of`);
    expect(stdout).toMatch(/seed \d+ .* step \d+: in \[.*\]\n {4}expected \[.*\]\n {4}actual {3}\[/);
    expect(stdout).toContain('equal      count-by-value-repartitioned');
  });

  test('exits 1 where a run ends in an error, and shows it', () => {
    copy('count-by-key', (line) => line.steps.forEach((step) => (step.in[0] = 'nowhere')));
    copy('reduce-concat', () => {});
    const { status, stdout } = run(folder);
    expect(status).toBe(1);
    expect(stdout).toMatch(/DIFFERENT {2}count-by-key: .*\n {2}seed \d+ .*\n.*\n {4}actual {3}".*nowhere/);
    expect(stdout).toContain('equal      reduce-concat');
  });

  test.each<[string, () => string[], string]>([
    ['no folder', () => [], 'usage: npm run conformance -- DIR'],
    ['a folder without vectors', () => [folder], 'no .jsonl files in'],
    ['a folder that is not there', () => [join(folder, 'absent')], 'absent'],
  ])('exits 1 for %s, and says so', (_what, args, message) => {
    const { status, stderr } = run(...args());
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });
});
