// `npm test`: types, lint, format and unused code, the unit tests, then the tests on real parts; the last
// line says how many passed and failed.
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readArguments } from '@activity/service';
import { cacheDir, projectRoot } from '@activity/testbed/paths';
import { endOrphans, registries } from '@activity/testbed/process/registry';
import { groupCount, groupsOf, leftOut, longFiles } from './long-files.ts';
import { checks, vitestCommand, type VitestOptions } from './checks.ts';
import { runVisibly } from './run-visibly.ts';
import { addReports, readReport, slowest, summaryLine } from './report.ts';
import { onStopSignals } from '@activity/testbed/process/stop-signals';
import { seconds } from '@activity/testbed/steps';

const { values, positionals: filters } = readArguments({
  usage: `npm test -- [--all] [--coverage] [FILE OR FOLDER …]

Checks types, lint, format and unused code, and runs all tests, many of them on the real parts. With files or folders: their tests alone.

--all        tests that take long, too (npm run test:all). Without it and without a filter, a part of these runs:
             another each time. SEED repeats the choice of a run; TEST_GROUP, from 0 to ${groupCount - 1}, chooses
             long files
--coverage   measures coverage (npm run test:cov)`,
  options: { all: { type: 'boolean', default: false }, coverage: { type: 'boolean', default: false } },
  positionals: Infinity,
});
const { all, coverage } = values;
// Beside the slow tests: the cases that `sliceOf` leaves out.
if (all) process.env['TEST_ALL'] = '1';
// Compiled code is kept from one run to the next; it would blur coverage.
if (!coverage) process.env['NODE_COMPILE_CACHE'] ??= join(cacheDir, 'node');
const reports = {
  unit: join(projectRoot, '.cache', 'test-report-unit.json'),
  integration: join(projectRoot, '.cache', 'test-report.json'),
};
// One seed for all that a run chooses by chance.
const seed = Number((process.env['SEED'] ??= String(Math.floor(Math.random() * 1e9))));
const group = Number(process.env['TEST_GROUP'] ?? seed % groupCount);
if (!Number.isInteger(group) || group < 0 || group >= groupCount) {
  console.error(`TEST_GROUP must be a number from 0 to ${groupCount - 1}`);
  process.exit(1);
}
const notRun = all || filters.length > 0 ? [] : leftOut(groupsOf(longFiles, groupCount), group);
// vitest's option --exclude has no effect on projects: their configuration reads this.
process.env['TEST_NOT_RUN'] = notRun.join(',');
const asked = new AbortController();

onStopSignals(
  () => asked.abort(),
  () => process.exit(1),
);

const failed: string[] = [];

async function runOne(name: string, command: string[]): Promise<void> {
  if (asked.signal.aborted) return;
  console.log(`\n== ${name}: ${command.join(' ')}`);
  const began = Date.now();
  const code = await runVisibly(command, asked.signal);
  console.log(
    `== ${name} ${code === 0 ? 'passed' : `FAILED (exit code ${code})`} after ${seconds(Date.now() - began)}`,
  );
  if (code !== 0) failed.push(name);
}

function tests(projects: VitestOptions['projects'], reportFile: string): string[] {
  return vitestCommand({ reportFile, projects, filters, coverage });
}

async function runChecks(): Promise<void> {
  for (const { name, command } of checks) await runOne(name, command);
}

for (const file of Object.values(reports)) rmSync(file, { force: true });
const onParts = all ? (['integration', 'slow'] as const) : (['integration'] as const);
// Named files or folders are for a quick look while working: only their tests run then.
if (coverage || filters.length === 0) await runChecks();
if (coverage) {
  // One run: two would overwrite each other's figures.
  await runOne('tests', tests(['unit', ...onParts], reports.integration));
} else {
  // Beside each other they take as long, and what waits for a real part may wait too long.
  await runOne('unit tests', tests(['unit'], reports.unit));
  await runOne('tests on real parts', tests(onParts, reports.integration));
}
for (const registry of registries()) {
  const left = await endOrphans(2_000, registry);
  if (left.length > 0) console.log(`Ended what the tests had left: ${left.join(', ')}`);
}

const written = coverage ? [reports.integration] : Object.values(reports);
const report = addReports(written.map((file) => readReport(file)));
if (notRun.length > 0) {
  console.log(
    `\nSEED=${seed}, TEST_GROUP=${group}. Not run, because they take long (npm run test:all runs all):`,
  );
  for (const file of notRun) console.log(`  ${file}`);
}
if (report.files.length === 0) {
  console.log(`No test file has a name like ${filters.join(', ')}`);
  failed.push('tests');
}
console.log('\nThe files that took longest:');
for (const { name, ms } of slowest(report, 10))
  console.log(`${seconds(ms).padStart(9)}  ${relative(projectRoot, name)}`);
if (report.problems.length > 0) console.log(`\n${report.problems.join('\n')}`);
if (asked.signal.aborted) console.log('Stopped before the end.');
else if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
console.log(summaryLine(report));
process.exit(failed.length === 0 && report.failed === 0 && !asked.signal.aborted ? 0 : 1);
