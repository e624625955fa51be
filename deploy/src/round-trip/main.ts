// `npm run test:compose`: builds the images, brings everything up with compose, and does what the README
// shows with it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@activity/testbed';
import { readArguments } from '@activity/service';
import { projectRoot, read } from '../checks/sources.ts';
import { readCompose } from '../checks/compose-file.ts';
import { ensureBaseImages } from './base-images.ts';
import { asPlugIn, findCompose } from './compose-tool.ts';
import { consoleLines, type ConsoleLine } from './console-lines.ts';
import { findEngine, type Engine } from './engine.ts';
import { play } from './play.ts';
import { createShell, type Shell } from './shell.ts';

readArguments({
  usage: `npm run test:compose

Builds the images, starts everything with docker compose on free ports, does what the README shows, and removes it again. Needs Docker.`,
});

const folder = join(projectRoot, '.cache', 'compose-test');
const began = Date.now();
const asked = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => asked.abort());

function report(line: string): void {
  console.log(`${((Date.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}`);
}

/** The README's commands, sent to the ports that this stack has. */
function readmeLines(ports: Record<string, string>): ConsoleLine[] {
  const lines = consoleLines(read('README.md')).filter(({ command }) => command.startsWith('curl'));
  if (lines.length < 3) throw new Error('the README has no round trip');
  return lines.map(({ command, answer }) => ({
    command: command
      .replaceAll(':3000/', `:${ports['INGEST_PORT']}/`)
      .replaceAll(':3001/', `:${ports['QUERY_PORT']}/`),
    answer,
  }));
}

/** Ids that the README shows, and those that were got instead. */
const ids = new Map<string, string>();

async function roundTrip(shell: Shell, lines: readonly ConsoleLine[]): Promise<string[]> {
  const answers = await play(lines, { run: (command) => shell.run('bash', '-c', command), ids });
  for (const [index, { command }] of lines.entries()) console.log(`\n$ ${command}\n${answers[index]}`);
  return answers;
}

/**
 * Where the registries of packages are reached through this machine alone, a build has to use its network.
 */
function hostNetwork(): string {
  const built = Object.entries(readCompose().services).filter(([, { build }]) => build !== undefined);
  const services = Object.fromEntries(built.map(([name]) => [name, { build: { network: 'host' } }]));
  const file = join(folder, 'host-network.json');
  writeFileSync(file, JSON.stringify({ services }));
  return file;
}

/** What a container that has no password gets from MongoDB. */
const withoutPassword = `
  import { MongoClient } from 'mongodb';
  const client = new MongoClient('mongodb://mongo:27017/activity?replicaSet=rs0');
  console.log(await client.db().collection('logs').findOne().then(JSON.stringify, ({ message }) => message));
  await client.close();
`;

async function test(plain: Shell, engine: Engine): Promise<void> {
  const ports = { INGEST_PORT: String(await freePort()), QUERY_PORT: String(await freePort()) };
  const shell = plain.with({
    ...engine.env,
    ...ports,
    COMPOSE_PROGRESS: 'plain',
    COMPOSE_PARALLEL_LIMIT: '2',
  });
  const tool = await findCompose(shell, join(projectRoot, '.cache', 'compose'), report);
  const [file = '', ...first] = tool;
  report(`Docker ${await shell.run('docker', 'version', '--format', '{{.Server.Version}}')}`.trim());
  const roots = join(projectRoot, '.cache', 'compose-roots');
  const bases = await ensureBaseImages({ shell, engine, folder: roots, report, signal: asked.signal });
  const project = {
    ...asPlugIn(tool, join(folder, 'docker')),
    COMPOSE_PROJECT_NAME: 'activity-test',
    COMPOSE_FILE: ['docker-compose.yml', ...(bases === 'public' ? [] : [hostNetwork()])].join(':'),
  };
  const compose = (...args: string[]): Promise<string> => shell.with(project).run(file, ...first, ...args);
  const up = ['up', '--detach', '--wait', '--wait-timeout', '300'];
  try {
    report('building the images');
    await compose('build');
    report('starting everything');
    await compose(...up);
    report('everything is healthy; what the README shows:');
    const [, before] = await roundTrip(shell, readmeLines(ports));
    const [, reading, counting] = readmeLines(ports);
    if (reading === undefined || counting === undefined) throw new Error('the README reads nothing');
    const reads = [reading, counting];
    async function readAgain(): Promise<void> {
      const [after] = await roundTrip(shell, reads);
      if (after !== before) throw new Error(`now the answer was ${after}, not ${before}`);
    }
    report('stopping everything, and starting it again on its volumes with npm start -- --docker');
    await compose('down');
    const started = await shell.with(project).run('npm', 'start', '--', '--docker');
    if (!started.includes(`:${ports.INGEST_PORT}/api/logs`))
      throw new Error(`it does not say where: ${started}`);
    await readAgain();
    report('the data is still there, and nothing was processed twice');

    const refusal = await compose(
      'exec',
      '-T',
      'consumer',
      'node',
      '--input-type=module',
      '--eval',
      withoutPassword,
    );
    if (!refusal.includes('requires authentication'))
      throw new Error(`MongoDB answered without a password: ${refusal}`);
    report('MongoDB answers nobody without a password; changing that of the query service');
    const password = (): Promise<string> => compose('exec', '-T', 'consumer', 'cat', '/secrets/mongodb-uri');
    const old = await password();
    await compose(
      'run',
      '--rm',
      '--no-deps',
      '--entrypoint',
      'rm',
      'secrets',
      '-f',
      '/secrets/mongo/query.password',
    );
    await compose(...up, '--force-recreate');
    if ((await password()) === old) throw new Error('the password is the old one');
    await readAgain();
  } finally {
    const last = ending.with({ ...engine.env, ...ports, ...project });
    await last.succeeds(file, ...first, 'logs', '--no-color');
    await last.succeeds(file, ...first, 'down', '--volumes', '--timeout', '10');
    rmSync(join(folder, 'docker'), { recursive: true, force: true });
  }
}

mkdirSync(folder, { recursive: true });
const logFile = join(folder, 'commands.log');
rmSync(logFile, { force: true });
const shellOptions = { logFile, signal: asked.signal, env: {}, cwd: projectRoot };
const shell = createShell(shellOptions);
// For what has to be done also when the test was asked to end.
const ending = createShell({ ...shellOptions, signal: new AbortController().signal });
let engine: Engine | undefined;
try {
  engine = await findEngine(shell, ending, join(folder, 'engine'));
  await test(shell, engine);
  report('passed');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  report(`FAILED: everything that was run is in ${logFile}`);
  process.exitCode = 1;
} finally {
  await engine?.stop();
}
