// Reading commands and answers out of a page, and comparing answers.
import { expect, test } from 'vitest';
import { consoleLines, lacking } from './console-lines.ts';

test('finds each command with its answer', () => {
  const page =
    'x\n```console\n$ curl a \\\n    -d b\n{"x":1}\n\n$ curl c\n{"y":2}\n```\n```sh\n$ not this\n```\n';
  expect(consoleLines(page)).toEqual([
    { command: 'curl a \\\n    -d b', answer: '{"x":1}' },
    { command: 'curl c', answer: '{"y":2}' },
  ]);
});

test.each([
  [{ a: 1 }, { a: 2, b: 3 }, []],
  [{ a: 1 }, { a: '1' }, ['answer.a is "1"']],
  [{ a: [{ b: 1 }] }, { a: [] }, ['answer.a.0 is missing']],
  [{ a: { b: 1 } }, { a: null }, ['answer.a is null']],
  [[1], undefined, ['answer is undefined']],
])('%j against %j', (shown, answer, wanted) => {
  expect(lacking(shown, answer)).toEqual(wanted);
});
