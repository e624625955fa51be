// Reading commands and answers out of a page, comparing answers, and doing what a page shows.
import { describe, expect, test } from 'vitest';
import { consoleLines, differences } from './console-lines.ts';
import { play } from './play.ts';

test('finds each command with its answer', () => {
  const page =
    'x\n```console\n$ curl a \\\n    -d b\n{"x":1}\n\n$ curl c\n{"y":2}\n```\n```sh\n$ not this\n```\n';
  expect(consoleLines(page)).toEqual([
    { command: 'curl a \\\n    -d b', answer: '{"x":1}' },
    { command: 'curl c', answer: '{"y":2}' },
  ]);
});

test.each([
  [{ a: 1 }, { a: 1, b: 3 }, []],
  [{ total: 1 }, { total: 2 }, ['answer.total is 2']],
  [{ _id: 1 }, { _id: 2 }, []],
  [{ a: 1 }, { a: '1' }, ['answer.a is "1"']],
  [{ at: '2026-01-01T00:00:00.000Z' }, { at: '2027-02-03T04:05:06.789Z' }, []],
  [{ at: '2026-01-01T00:00:00.000Z' }, { at: 'now' }, ['answer.at is "now"']],
  [{ a: 'x' }, { a: 'y' }, ['answer.a is "y"']],
  [{ a: [{ b: 1 }] }, { a: [] }, ['answer.a has 0 elements, not 1']],
  [{ a: [] }, { a: [1] }, ['answer.a has 1 elements, not 0']],
  [{ a: { b: 1 } }, { a: null }, ['answer.a is null']],
  [{ a: { b: 1 } }, { a: {} }, ['answer.a.b is missing']],
  [[1], undefined, ['answer is undefined']],
])('%j against %j', (shown, answer, wanted) => {
  expect(differences(shown, answer)).toEqual(wanted);
});

describe('playing', () => {
  const id = '01a20656-25f9-7a46-ad62-a320284a7400';
  const other = '01a20656-25f9-7a46-ad62-a320284a7401';

  test('an event id of an answer is the one in the commands after it', async () => {
    const ran: string[] = [];
    const lines = [
      { command: `post -d x`, answer: `{"eventId":"${id}"}` },
      { command: `get ${id}`, answer: `{"eventId":"${id}","n":1}` },
    ];
    async function run(command: string): Promise<string> {
      ran.push(command);
      return Promise.resolve(`{"eventId":"${other}","n":${ran.length > 2 ? 1 : 0}}`);
    }
    await play(lines, { run });
    expect(ran).toEqual(['post -d x', `get ${other}`, `get ${other}`]);
  });

  test.each(['post -d x', 'post -X DELETE x'])('%s is not done twice', async (command) => {
    let times = 0;
    async function run(): Promise<string> {
      times++;
      return Promise.resolve('{"a":2}');
    }
    await expect(play([{ command, answer: '{"a":1}' }], { run })).rejects.toThrow('answer.a is 2');
    expect(times).toBe(1);
  });

  test('what never becomes alike fails', async () => {
    const line = { command: 'get', answer: '{"a":1}' };
    await expect(play([line], { run: () => Promise.resolve('{}'), withinMs: 0 })).rejects.toThrow(
      'answer.a is missing',
    );
  });
});
