// `npm start`: runs the whole pipeline in the foreground until it is asked to stop.
import { readArguments } from '@activity/service';
import { portsOf } from './pipeline/check-ports.ts';
import { readBootstrap, readConfig } from './config.ts';
import { startContainers } from './docker.ts';
import { startPipeline, type Pipeline } from './pipeline/pipeline.ts';
import { printProblem, printReady, printer } from './print.ts';
import type { Problem } from '@activity/testbed/process/problem';
import { Steps } from '@activity/testbed/steps';
import { onStopSignals } from '@activity/testbed/process/stop-signals';
import { watchSources } from './watch-sources.ts';

const { values: flags } = readArguments({
  usage: `npm start -- [--fresh] [--secure] [--rebuild] [--dev]
npm start -- --docker

Runs the whole pipeline in the foreground: fetches, starts and watches every part. Ctrl-C stops it. Ports and folders are
set in .env (see .env.example).

--fresh     removes the data first
--secure    with TLS, passwords, API keys and least rights everywhere; on a data folder that was begun so
--rebuild   lets the processor work everything out again from the raw topic
--dev       starts a service again when its source changes
--docker    runs everything in containers instead, in the background`,
  options: {
    fresh: { type: 'boolean' },
    secure: { type: 'boolean' },
    rebuild: { type: 'boolean' },
    dev: { type: 'boolean' },
    docker: { type: 'boolean' },
  },
});
// Its own output may go to a file on a full disk.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const { began, installMs } = readBootstrap();
const report = printer(began);
const asked = new AbortController();
const steps = new Steps();
let pipeline: Pipeline | undefined;
let ending: Promise<void> | undefined;

async function end(code: number): Promise<void> {
  asked.abort();
  await pipeline?.stop();
  report('launcher', 'everything is stopped');
  process.exit(code);
}

function fail(problem: Problem): void {
  printProblem(problem);
  report('launcher', 'stopping the rest');
  ending ??= end(1);
}

onStopSignals(
  (why) => {
    report('launcher', `stopping everything (${why}); once more to force it`);
    asked.abort();
    if (pipeline) ending ??= end(0);
  },
  (why) => {
    report('launcher', `killing everything (${why} again)`);
    // What is still registered when this process exits is killed.
    process.exit(1);
  },
);

try {
  if (flags.docker) {
    await startContainers(readConfig());
    process.exit(0);
  }
  steps.add('installing packages', installMs);
  const config = readConfig();
  pipeline = await startPipeline({
    ports: portsOf(config),
    dataDir: config.DATA_DIR,
    fresh: flags.fresh === true,
    secure: flags.secure === true,
    rebuild: flags.rebuild === true,
    report,
    failed: fail,
    signal: asked.signal,
    steps,
  });
  if (flags.dev) watchSources(pipeline, report);
  printReady(pipeline, Date.now() - began);
} catch (error) {
  if (asked.signal.aborted) {
    report('launcher', 'everything is stopped');
    process.exit(0);
  }
  printProblem(error);
  process.exit(1);
}
