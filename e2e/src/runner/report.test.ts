// The last lines of `npm test`: what counts as failed, and what took longest.
import { expect, test } from 'vitest';
import { addReports, countReport, readReport, slowest, summaryLine } from './report.ts';

const clean = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults: [{ status: 'passed' }] }],
};

test.each([
  ['all passed', clean, '3 passed, 0 failed'],
  ['one failed', { ...clean, success: false, numFailedTests: 1 }, '3 passed, 1 failed'],
  ['some skipped', { ...clean, numPendingTests: 2, numTodoTests: 1 }, '3 passed, 0 failed, 3 skipped'],
  [
    'a file that could not be collected',
    {
      ...clean,
      success: false,
      testResults: [{ name: 'b.test.ts', status: 'failed', assertionResults: [] }],
    },
    '3 passed, 1 failed',
  ],
  [
    'a file whose hook failed after its tests had passed',
    {
      ...clean,
      success: false,
      testResults: [{ name: 'b.test.ts', status: 'failed', assertionResults: [{ status: 'passed' }] }],
    },
    '3 passed, 1 failed',
  ],
  ['an error outside of any test', { ...clean, success: false }, '3 passed, 1 failed'],
])('%s', (_name, report, line) => {
  expect(summaryLine(countReport(report))).toBe(line);
});

test('each test that failed is named with its error, so that the end of a log is enough', () => {
  const failure = {
    status: 'failed',
    fullName: 'counts twice',
    failureMessages: ['expected 1 to be 2\n at'],
  };
  const { problems } = countReport({
    ...clean,
    success: false,
    numFailedTests: 1,
    testResults: [{ name: 'c.test.ts', status: 'failed', assertionResults: [failure, { status: 'passed' }] }],
  });
  expect(problems).toEqual(['Failed: c.test.ts counts twice\n  expected 1 to be 2\n   at']);
});

test('a missing report is a failure', () => {
  expect(summaryLine(readReport('/nonexistent'))).toBe('0 passed, 1 failed');
});

test('reports of several runs are added up, and the slowest files of all are named', () => {
  const file = (name: string, ms: number): object => ({
    ...clean.testResults[0],
    name,
    startTime: 5,
    endTime: 5 + ms,
  });
  const reports = [
    countReport({ ...clean, testResults: [file('a', 20), file('b', 40)] }),
    countReport({ ...clean, success: false, numFailedTests: 1, testResults: [file('c', 30)] }),
    readReport('/nonexistent'),
  ];
  expect(summaryLine(addReports(reports))).toBe('6 passed, 2 failed');
  expect(slowest(addReports(reports), 2)).toEqual([
    { name: 'b', ms: 40 },
    { name: 'c', ms: 30 },
  ]);
});
