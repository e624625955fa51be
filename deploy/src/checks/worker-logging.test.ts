// No log of a Kafka Connect worker quotes a record: every worker that is set up anywhere logs as
// log4j2.properties says.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultKafkaVersion } from '@activity/testbed/tools';
import { projectRoot } from '@activity/testbed/paths';
import { connectSpec } from '@activity/testbed/servers/connect';
import { readCompose } from './compose-file.ts';
import { inherited, readDockerfile } from './dockerfile.ts';
import { goldenFileOf, objectsOf, workloadsOf } from './kubernetes.ts';
import { loggingFile } from './operators.ts';
import { configMaps, connect } from './production-overlay.ts';
import { read, targetOf } from './sources.ts';

const image = 'kafka-connect';
const settings = new Map(
  read(loggingFile)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')).trim(), line.slice(line.indexOf('=') + 1).trim()]),
);

/** What a logger writes of a message: the replacement that the pattern of its appender makes. */
function logged(logger: string, message: string): string {
  const [, ref] = [...settings].find(([name]) => name.startsWith(`logger.${logger}.appenderRef.`)) ?? [];
  const pattern = settings.get(`appender.${ref}.layout.pattern`) ?? '';
  const [, from = '', to = ''] = /%replace\{%m\}\{(.*)\}\{(.*)\}%n%ex\{0\}$/.exec(pattern) ?? [];
  expect(from).not.toBe('');
  return message.replaceAll(new RegExp(from.replace('(?s)', ''), 'gs'), to);
}

test.each([
  ['tasks', 'WorkerSinkTask{id=logs-0} Task threw an uncaught and unrecoverable exception. Ada lives there'],
  ['tasks', 'Error encountered in task logs-0. Executing stage with record {"userId":"Ada"}'],
  ['tasks', 'Closing failed with Exception: Ada'],
  ['sinks', 'Failed to put into the sink the following records: [SinkRecord{value=Ada}]'],
  ['sinks', 'Writing 3 document(s) {"_id": "Ada"}'],
  ['driver', 'Write failed with Error: document Ada'],
])('%s leave out what quotes a record: %s', (logger, message) => {
  expect(logged(logger, message)).not.toContain('Ada');
  expect(settings.get(`logger.${logger}.additivity`)).toBe('false');
});

test('the loggers are those that quote records', () => {
  const named = ['sinks', 'tasks', 'driver'].map((logger) => settings.get(`logger.${logger}.name`));
  expect(named).toEqual(['com.mongodb.kafka', 'org.apache.kafka.connect.runtime', 'org.mongodb.driver']);
});

test('the exception that ends a worker is logged whole, and no other one of its herder', () => {
  const of = (name: string): string | undefined => settings.get(`logger.herder.${name}`);
  expect(of('name')).toBe('org.apache.kafka.connect.runtime.distributed.DistributedHerder');
  expect([of('additivity'), of('appenderRef.quiet.ref'), of('appenderRef.stdout.ref')]).toEqual([
    'false',
    'quiet',
    'stdout',
  ]);
  const filter = 'appenderRef.stdout.filter.end';
  expect([of(`${filter}.type`), of(`${filter}.onMatch`), of(`${filter}.onMismatch`)]).toEqual([
    'RegexFilter',
    'ACCEPT',
    'DENY',
  ]);
  const ends = new RegExp(`^${of(`${filter}.regex`)?.replace('(?s)', '')}$`, 's');
  expect('[Worker clientId=c] Uncaught exception in herder work thread, exiting: ').toMatch(ends);
  expect('[Worker clientId=c] Failed to start connector logs: invalid value Ada').not.toMatch(ends);
});

test('the worker of the launcher, whose log file is its owner’s alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'activity-logging-'));
  try {
    const java = { file: 'java', version: '', major: 17 };
    const home = {
      version: defaultKafkaVersion,
      java,
      folder,
      classpath: '',
      plugins: folder,
      archives: folder,
    };
    const spec = connectSpec({ home, brokers: 'kafka:9092', port: 8083, dataDir: folder, logFile: '' });
    const named = spec.command.args.filter((arg) => arg.startsWith('-Dlog4j2.configurationFile='));
    expect(named).toEqual([`-Dlog4j2.configurationFile=${join(projectRoot, loggingFile)}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the image, whatever its variables say', () => {
  const dockerfile = readDockerfile();
  const copied = inherited(dockerfile, image, 'COPY').map((text) => text.split(/\s+/));
  const copy = copied.find((words) => words.includes(loggingFile));
  expect(copy?.at(-1)).toBe('/opt/connect/');
  expect(inherited(dockerfile, image, 'ENTRYPOINT')).toEqual(['["/bin/bash", "/opt/connect/start.sh"]']);
  const lines = readFileSync(join(projectRoot, 'deploy/kafka-connect/start.sh'), 'utf8').trim().split('\n');
  // The last line but one, so that nothing comes after it.
  expect(lines.slice(-2)).toEqual([
    'export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=$(dirname "$0")/log4j2.properties"',
    'exec /opt/kafka/bin/connect-distributed.sh "$properties"',
  ]);
});

test('compose and the overlays start the image as it is', () => {
  const inCompose = Object.values(readCompose().services).filter((one) => targetOf(one.image) === image);
  expect(inCompose).toHaveLength(1);
  for (const { command } of inCompose) expect(command).toBeUndefined();
  const pods = (['local', 'production'] as const).flatMap((overlay) =>
    workloadsOf(objectsOf(read(goldenFileOf(overlay)))).flatMap(({ spec }) => spec.template.spec.containers),
  );
  const workers = pods.filter((container) => targetOf(container.image) === image);
  expect(workers).toHaveLength(1);
  for (const worker of workers) {
    expect(worker).not.toHaveProperty('command');
    expect(worker).not.toHaveProperty('args');
  }
});

test('the workers that Strimzi starts', () => {
  const { name, key } = connect.spec.logging.valueFrom.configMapKeyRef;
  expect(configMaps.get(name)?.[key]).toBe(read(loggingFile));
  // Nothing else of Strimzi's has to do with records outside of Kafka itself.
  const kinds = objectsOf(read(goldenFileOf('production'))).map(({ kind }) => kind);
  expect(kinds.filter((kind) => /^Kafka(Connect|MirrorMaker\w*|Bridge)$/.test(kind))).toEqual([
    'KafkaConnect',
  ]);
});
