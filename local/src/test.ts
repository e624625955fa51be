// `npm test`: types, lint, format, unused code, then all tests; the last line says how many passed and failed.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from '@activity/service';
import { projectRoot } from './paths.ts';
import { endOrphans } from './process/registry.ts';
import { checks, vitestCommand } from './testing/checks.ts';
import { runVisibly } from './testing/run-visibly.ts';
import { readReport, summaryLine } from './testing/report.ts';
import { onStopSignals } from './stop-signals.ts';
import { seconds } from './steps.ts';

const { values, positionals: filters } = readArguments({
  usage: `npm test -- [--all] [--coverage] [FILE OR FOLDER …]

Checks types, lint, format and unused code, then runs all tests on the real parts. With files or folders: their tests alone.

--all        tests that take long, too (npm run test:all)
--coverage   measures coverage (npm run test:cov)`,
  options: { all: { type: 'boolean', default: false }, coverage: { type: 'boolean', default: false } },
  positionals: Infinity,
});
const { all, coverage } = values;
const reportFile = join(projectRoot, '.cache', 'test-report.json');
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

rmSync(reportFile, { force: true });
// Named files or folders are for a quick look while working: only their tests run then.
if (filters.length === 0) for (const { name, command } of checks) await runOne(name, command);
await runOne('tests', vitestCommand({ reportFile, filters, all, coverage }));
const left = await endOrphans(2_000);
if (left.length > 0) console.log(`Ended what the tests had left: ${left.join(', ')}`);

const report = readReport(reportFile);
for (const problem of report.problems) console.log(problem);
if (asked.signal.aborted) console.log('Stopped before the end.');
else if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
console.log(summaryLine(report));
process.exit(failed.length === 0 && report.failed === 0 && !asked.signal.aborted ? 0 : 1);
