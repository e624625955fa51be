// The whole pipeline on one machine, as `npm start` and the end-to-end tests run it.
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { restFolderOf, type Ports } from '../parts/services.ts';
import { isDiskFull, unlessFull } from '@activity/testbed/process/disk-full';
import { self } from '@activity/testbed/process/identity';
import { Problem } from '@activity/testbed/process/problem';
import { endOrphans } from '@activity/testbed/process/registry';
import { checkMode, prepareSecurity, type Security } from '../secure/security.ts';
import { Steps, type Step } from '@activity/testbed/steps';
import { readRunState, removeRunState, writeRunState, type PartState } from '../supervise/run-file.ts';
import { Supervisor } from '../supervise/supervisor.ts';
import { bootAll } from './boot.ts';
import { checkPorts } from './check-ports.ts';
import { fetchAll } from './fetch-all.ts';

/** What the pipeline is started with. */
export interface PipelineOptions {
  ports: Ports;
  /** An absolute path. */
  dataDir: string;
  /** Begin with empty data. */
  fresh?: boolean;
  /** With TLS, passwords, keys and least rights everywhere; otherwise open to all of this machine. */
  secure?: boolean;
  /** Let the processor work everything out again from the raw topic. */
  rebuild?: boolean;
  /** Told of every step and everything that happens to a part. */
  report: (part: string, line: string) => void;
  /** A part died too often: the pipeline is of no use any more, and `stop` is next. */
  failed: (problem: Problem) => void;
  /** Gives up starting. */
  signal: AbortSignal;
  /** Notes how long what takes. */
  steps?: Steps;
}

/** A pipeline that is ready. */
export interface Pipeline {
  readonly ports: Ports;
  /** Undefined where everything is open. */
  readonly security: Security | undefined;
  /** Where the password of Kafka Connect's REST interface is. */
  readonly restFolder: string;
  readonly parts: PartState[];
  readonly longest: Step | undefined;
  /** Restarts one part, for changed code. False where it does not start. */
  reload(part: string): Promise<boolean>;
  /** Stops everything: services, then Connect, Kafka, MongoDB. Any number of times. */
  stop(): Promise<void>;
  /** Kills everything at once. */
  kill(): Promise<void>;
}

function refuseSecond(dataDir: string): void {
  const running = readRunState(dataDir);
  if (running) {
    const how = 'stop it first (Ctrl-C there), or set DATA_DIR and the ports to run a second one';
    throw new Problem(`the pipeline already runs on ${dataDir} (pid ${running.launcher.pid}): ${how}`);
  }
}

function prepareData(options: PipelineOptions): void {
  const { dataDir } = options;
  if (options.fresh && existsSync(dataDir)) {
    options.report('launcher', `removing the data in ${dataDir}`);
    rmSync(dataDir, { recursive: true });
  }
  mkdirSync(dataDir, { recursive: true });
  // What was written before without the mask is behind it, too.
  chmodSync(dataDir, 0o700);
}

/**
 * Starts everything and resolves when all of it is healthy.
 *
 * @throws Problem with the remedy, once what had been started is stopped again.
 */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { ports, dataDir, report, signal } = options;
  const steps = options.steps ?? new Steps();
  // Data and logs hold what users did: files are 0600 and folders 0700,
  // those of all parts too, which inherit it.
  const umask = process.umask(0o077);
  refuseSecond(dataDir);
  const launcher = self();
  const write = unlessFull((line) => report('launcher', line));
  const supervisor = new Supervisor({
    report,
    changed: (parts) => write('run.json', () => writeRunState(dataDir, { launcher, parts })),
    failed: options.failed,
  });
  async function stop(): Promise<void> {
    await supervisor.stop();
    removeRunState(dataDir);
    process.umask(umask);
  }
  async function kill(): Promise<void> {
    await supervisor.kill();
    removeRunState(dataDir);
    process.umask(umask);
  }
  // Parts are stopped when starting is given up, also such as wait for others to become healthy.
  const stopOnAbort = (): void => void stop();
  signal.addEventListener('abort', stopOnAbort, { once: true });
  let security: Security | undefined;
  try {
    for (const orphan of await endOrphans())
      report('launcher', `ended ${orphan}, left by a launcher that was killed`);
    await checkPorts(ports);
    if (!options.fresh) checkMode(dataDir, options.secure === true);
    // Only now: a start that is refused must not have removed anything.
    prepareData(options);
    writeRunState(dataDir, { launcher, parts: [] });
    const fetched = await fetchAll({ report, signal, steps });
    if (options.secure) security = await prepareSecurity(dataDir, fetched.home.java, signal);
    await bootAll({
      fetched,
      ports,
      dataDir,
      security,
      supervisor,
      steps,
      report,
      rebuild: options.rebuild === true,
    });
  } catch (error) {
    await stop();
    if (isDiskFull(error) && !(error instanceof Problem))
      throw new Problem(`disk full in ${dataDir}: make room, or set DATA_DIR`, { cause: error });
    throw error;
  }
  signal.removeEventListener('abort', stopOnAbort);
  return {
    ports,
    security,
    restFolder: restFolderOf({ dataDir, security }),
    get parts(): PartState[] {
      return supervisor.states;
    },
    get longest(): Step | undefined {
      return steps.longest;
    },
    reload: (part) => supervisor.reload(part),
    stop,
    kill,
  };
}
