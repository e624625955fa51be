// The words of sources and documents.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot } from './sources.ts';
import { vagueErrors, wordProblems } from './words.ts';

const code = /\.(ts|tsx|mjs)$/;
/** Written by programs, of the past, or about these words. */
const apart =
  /\.golden\.|^CHANGELOG\.md$|^packages\/streams\/conformance\/|^deploy\/schemas\/|^deploy\/monitoring\/grafana\/|^deploy\/src\/checks\/words\./;

function files(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  return listed
    .split('\n')
    .filter((file) => /\.(ts|tsx|mjs|md|ya?ml|sh)$|^\.env\.example$/.test(file) && !apart.test(file));
}

/** What is wrong in each file that has something wrong. */
const wrong = files().flatMap((file) => {
  const text = readFileSync(join(projectRoot, file), 'utf8');
  const problems = wordProblems(text, code.test(file)).map(
    ({ line, problem }) => `${file}:${line} ${problem}`,
  );
  if (!file.includes('.test.'))
    problems.push(...vagueErrors(text).map((message) => `${file} logs “${message}”: name what failed`));
  return problems;
});

test('no file has a word, line or message that is not ours', () => {
  expect(wrong).toEqual([]);
});

describe('what is found', () => {
  test.each([
    ['// It is begun anew.', 1],
    ['/** Writes it; answers the size. */', 1],
    ['The edge answers 201.', 1],
    ['Its answers are JSON, and the answers that HTTP has are named.', 0],
    ['// The bytes lie in so many blocks of late.', 2],
    [`// ${'x'.repeat(108)}`, 1],
    [`const text = '${'x'.repeat(108)}';`, 0],
  ])('%s', (text, count) => {
    expect(wordProblems(text, true)).toHaveLength(count);
  });

  test('messages at error level', () => {
    expect(
      vagueErrors(`
        logger.error({ err: error }, 'reading the file');
        logger.error({ err: error, of: { a: 1 } }, 'read failed');
        logger.fatal('starting');
        log('error', 'a lost disk');
        logger.warn('reading');`),
    ).toEqual(['reading the file', 'starting']);
  });
});
