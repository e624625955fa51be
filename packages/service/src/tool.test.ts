import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { contact, parseArguments, toolEnvironment, UsageError } from './tool.ts';

const spec = { usage: 'npm run x -- [--wait SECONDS] FILE', options: { wait: { type: 'string' } } } as const;

function refusal(args: readonly string[], positionals = 0): UsageError {
  try {
    parseArguments({ ...spec, positionals }, args);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error('it was not refused');
}

test('reads options and arguments', () => {
  const { values, positionals } = parseArguments({ ...spec, positionals: 1 }, ['--wait', '3', 'a']);
  expect([values.wait, positionals]).toEqual(['3', ['a']]);
});

test('an option of many values is read as often as it is given', () => {
  const options = { scope: { type: 'string', multiple: true } } as const;
  const { values } = parseArguments({ usage: '', options }, ['--scope', 'read', '--scope=ingest']);
  expect(values.scope).toEqual(['read', 'ingest']);
});

test.each([['--help'], ['-h']])('%s prints the usage, and is no failure', (flag) => {
  expect(refusal([flag])).toMatchObject({ message: spec.usage, exitCode: 0 });
});

test.each([
  [['--bogus'], "unknown option '--bogus'; the options are: --wait, --help"],
  [['--wiat=3'], "unknown option '--wiat'"],
  [['-x'], "unknown option '-x'"],
  [['--wait', '3', '--wait=4'], '--wait is given twice'],
  [['extra'], "unexpected argument 'extra'"],
  [['--wait'], "'--wait <value>' argument missing"],
  [['--help=1'], "'-h, --help' does not take an argument"],
])('%j is refused with what there is', (args, why) => {
  const { message, exitCode } = refusal(args);
  expect(message).toContain(why);
  expect(message).toContain(spec.usage);
  expect(exitCode).toBe(1);
});

test('the addresses of the local stack follow from its ports, unless they are set', () => {
  expect(toolEnvironment({ KAFKA_PORT: '1', MONGO_PORT: '2', KAFKA_BROKERS: ' ' })).toMatchObject({
    KAFKA_BROKERS: '127.0.0.1:1',
    MONGODB_URI: 'mongodb://127.0.0.1:2/activity?replicaSet=rs0',
  });
  expect(toolEnvironment({ KAFKA_PORT: '1', KAFKA_BROKERS: 'other:9' })).toHaveProperty(
    'KAFKA_BROKERS',
    'other:9',
  );
});

test('an address that a file holds is not put beside it', () => {
  const secure = { MONGO_PORT: '2', MONGODB_URI: '', MONGODB_URI_FILE: '/secrets/uri' };
  expect(toolEnvironment(secure)).not.toHaveProperty('MONGODB_URI');
});

const never = { name: 'Kafka', variable: 'KAFKA_BROKERS', withinMs: 100, ask: () => new Promise(() => {}) };

test('a server that is not there, or does not reply, is named with the remedy', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  await expect(contact({ ...never, addresses: [address] })).rejects.toThrow(
    `Kafka at ${address} does not reply within 0.1 s: start it (npm start), or set KAFKA_BROKERS`,
  );
  // On a busy machine a refusal can take longer than 100 ms.
  await expect(contact({ ...never, withinMs: 10_000, addresses: ['127.0.0.1:1'] })).rejects.toThrow(
    'Kafka at 127.0.0.1:1 cannot be reached (ECONNREFUSED): start it (npm start), or set KAFKA_BROKERS',
  );
  await contact({ ...never, addresses: ['127.0.0.1:1', address], ask: async () => Promise.resolve() });
});
