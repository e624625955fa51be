// `npm run test:compose`: builds the images, brings everything up with compose, and does what the README shows with it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@activity/local';
import { projectRoot, read } from '../checks/sources.ts';
import { readCompose } from '../checks/compose-file.ts';
import { ensureBaseImages } from './base-images.ts';
import { findCompose } from './compose-tool.ts';
import { consoleLines, type ConsoleLine } from './console-lines.ts';
import { findEngine, type Engine } from './engine.ts';
import { play } from './play.ts';
import { createShell, type Shell } from './shell.ts';

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

async function roundTrip(shell: Shell, lines: readonly ConsoleLine[]): Promise<string[]> {
  const answers = await play(lines, { run: (command) => shell.run('bash', '-c', command) });
  for (const [index, { command }] of lines.entries()) console.log(`\n$ ${command}\n${answers[index]}`);
  return answers;
}

/** Where the registries of packages are reached through this machine alone, a build has to use its network. */
function hostNetwork(): string {
  const built = Object.entries(readCompose().services).filter(([, { build }]) => build !== undefined);
  const services = Object.fromEntries(built.map(([name]) => [name, { build: { network: 'host' } }]));
  const file = join(folder, 'host-network.json');
  writeFileSync(file, JSON.stringify({ services }));
  return file;
}

async function test(plain: Shell, engine: Engine): Promise<void> {
  const ports = { INGEST_PORT: String(await freePort()), QUERY_PORT: String(await freePort()) };
  const shell = plain.with({
    ...engine.env,
    ...ports,
    COMPOSE_PROGRESS: 'plain',
    COMPOSE_PARALLEL_LIMIT: '2',
  });
  const [file = '', ...first] = await findCompose(shell, join(projectRoot, '.cache', 'compose'), report);
  report(`Docker ${await shell.run('docker', 'version', '--format', '{{.Server.Version}}')}`.trim());
  const roots = join(projectRoot, '.cache', 'compose-roots');
  const bases = await ensureBaseImages({ shell, engine, folder: roots, report, signal: asked.signal });
  const files = ['--file', 'docker-compose.yml', ...(bases === 'public' ? [] : ['--file', hostNetwork()])];
  const compose = (...args: string[]): Promise<string> =>
    shell.run(file, ...first, '--project-name', 'activity-test', ...files, ...args);
  const up = ['up', '--detach', '--wait', '--wait-timeout', '300'];
  try {
    report('building the images');
    await compose('build');
    report('starting everything');
    await compose(...up);
    report('everything is healthy; what the README shows:');
    const [, before] = await roundTrip(shell, readmeLines(ports));
    report('stopping everything, and starting it again on its volumes');
    await compose('down');
    await compose(...up);
    const [, reading, counting] = readmeLines(ports);
    if (reading === undefined || counting === undefined) throw new Error('the README reads nothing');
    const [after] = await roundTrip(shell, [reading, counting]);
    if (after !== before) throw new Error(`after a restart the answer was ${after}, not ${before}`);
    report('the data is still there, and nothing was processed twice');
  } finally {
    const last = ending.with({ ...engine.env, ...ports });
    const args = ['--project-name', 'activity-test', ...files];
    await last.succeeds(file, ...first, ...args, 'logs', '--no-color');
    await last.succeeds(file, ...first, ...args, 'down', '--volumes', '--timeout', '10');
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
