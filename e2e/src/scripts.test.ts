// The root scripts: each parses its arguments before it starts anything; some of them as they are run.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fileOf, rootScripts, runScript } from './testing/root-scripts.ts';

test.each(rootScripts())('npm run $name refuses what it does not know', (script) => {
  const text = readFileSync(fileOf(script), 'utf8');
  // `begin` of the benchmarks passes its text on to `readArguments`.
  expect(text).toMatch(/readArguments\(\{|parseArgs\(\{|\bbegin\(/);
  // Nothing else looks at the command line.
  const others = text.replaceAll('folderOf(process.argv.slice(2))', '');
  expect(others).not.toContain('process.argv');
});

test.each([['--secrue'], ['--bogus'], ['extra']])('npm start -- %s starts nothing', async (argument) => {
  const { code, stdout, stderr } = await runScript('start', [argument]);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('the options are: --fresh, --secure, --rebuild, --dev, --docker, --help');
});

test('npm run status -- --help prints its usage', async () => {
  expect(await runScript('status', ['--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^npm run status\n/),
    stderr: '',
  });
});

const nowhere = { KAFKA_BROKERS: '', MONGODB_URI: '', KAFKA_PORT: '1', MONGO_PORT: '1' };

test.each([
  ['ledger', []],
  ['dead-letters', ['replay']],
  ['rebuild', []],
])(
  'npm run %s %j says in one line that the broker is not there, at the port of KAFKA_PORT',
  async (name, args) => {
    const { code, stdout, stderr } = await runScript(name, args, nowhere);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      'Kafka at 127.0.0.1:1 cannot be reached (ECONNREFUSED): start it (npm start), or set KAFKA_BROKERS\n',
    );
  },
);

test.each([
  [['create'], /^create needs --name and --scope\n/],
  [
    ['create', '--name', 'web', '--scope', 'all'],
    /^--scope all: must be one or more of ingest, read, delete, admin/,
  ],
  [['revoke'], /^revoke needs the id of a key/],
  [['reset'], /^there is no reset\n/],
  [['list'], /^reading the API keys in \/nonexistent\/keys.json: ENOENT[^\n]*\n$/],
])('npm run keys -- %j says what is missing', async (args, says) => {
  const { code, stdout, stderr } = await runScript('keys', args, { API_KEYS_FILE: '/nonexistent/keys.json' });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(says);
});
