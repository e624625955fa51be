// vitest's JSON report, as the last line of `npm test`.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const schema = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      startTime: z.number().optional(),
      endTime: z.number().optional(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          status: z.string(),
          fullName: z.string().default(''),
          failureMessages: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});

/** How many tests ended how; a file that could not be run counts as one that failed. */
export interface Report {
  passed: number;
  failed: number;
  skipped: number;
  /** Each test that failed, with the first lines of its error, and what failed outside of any test. */
  problems: string[];
  files: TestFile[];
}

/** A test file and how long it took, in milliseconds. */
export interface TestFile {
  name: string;
  ms: number;
}

/** The beginning of an error, which says what was expected; vitest has printed the whole of it before. */
function firstLines(message: string): string {
  const lines = message.split('\n').slice(0, 12);
  return lines.map((line) => `  ${line.slice(0, 300)}`).join('\n');
}

/** Counts a parsed report. */
export function countReport(report: unknown): Report {
  const parsed = schema.parse(report);
  const broken = parsed.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed'),
  );
  const problems = [
    ...parsed.testResults.flatMap((file) =>
      file.assertionResults
        .filter((one) => one.status === 'failed')
        .map((one) => `Failed: ${file.name} ${one.fullName}\n${firstLines(one.failureMessages.join('\n'))}`),
    ),
    ...broken.map((file) => `Could not be run: ${file.name} ${file.message ?? ''}`.trimEnd()),
  ];
  const failed = parsed.numFailedTests + broken.length;
  if (!parsed.success && failed === 0)
    problems.push('vitest failed outside of any test: see its words above');
  return {
    passed: parsed.numPassedTests,
    failed: !parsed.success && failed === 0 ? 1 : failed,
    skipped: parsed.numPendingTests + parsed.numTodoTests,
    problems,
    files: parsed.testResults.map(({ name, startTime = 0, endTime = 0 }) => ({
      name,
      ms: endTime - startTime,
    })),
  };
}

/** Reads the report; one that is missing or broken is a failure. */
export function readReport(file: string): Report {
  try {
    return countReport(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    const problems = ['vitest wrote no report: see its words above'];
    return { passed: 0, failed: 1, skipped: 0, problems, files: [] };
  }
}

/** Adds up the reports of several runs. */
export function addReports(reports: readonly Report[]): Report {
  const sum = (of: (report: Report) => number): number => reports.reduce((total, one) => total + of(one), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed),
    skipped: sum(({ skipped }) => skipped),
    problems: reports.flatMap(({ problems }) => problems),
    files: reports.flatMap(({ files }) => files),
  };
}

/** The files that took longest, longest first. */
export function slowest(report: Report, count: number): TestFile[] {
  return report.files.toSorted((a, b) => b.ms - a.ms).slice(0, count);
}

/** `N passed, N failed`, and the skipped ones where there are any. */
export function summaryLine(report: Report): string {
  const skipped = report.skipped > 0 ? `, ${report.skipped} skipped` : '';
  return `${report.passed} passed, ${report.failed} failed${skipped}`;
}
