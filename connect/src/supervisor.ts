// The supervisor: watches the connectors and restarts what has failed,
// ever more slowly while it keeps failing.
import { backoff } from '@activity/kafka/core';
import type { Logger, Readiness } from '@activity/service';
import type { ConnectClient, ConnectorStatus } from './connect-client.ts';

/** What a supervisor needs. */
export interface SupervisorOptions {
  client: ConnectClient;
  /** The connectors that must run. */
  names: readonly string[];
  logger: Logger;
  /** Milliseconds of a clock that does not jump. */
  now: () => number;
  /** Told of every look that Connect answered, and after how many seconds, for metrics. */
  onStatus?: (statuses: readonly ConnectorStatus[], seconds: number) => void;
  /** Told of every restart, for metrics. */
  onRestart?: (connector: string) => void;
}

/** Waits between restarts of one connector, in milliseconds. */
const restartWaits = { from: 1_000, to: 60_000 };
/** A connector that has run this long has recovered: its next failure is restarted at once. */
const recoveredAfterMs = 60_000;

interface Restarts {
  count: number;
  last: number;
}

/**
 * ```
 *  RUNNING ──fails──▶ FAILED ──restart──▶ RUNNING ──60 s──▶ forgotten
 *                        ▲                   │
 *                        └─ fails again: wait 1 s, 2 s, 4 s … 60 s
 * ```
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #restarts = new Map<string, Restarts>();
  #readiness: Readiness = { ready: false, reason: 'the connectors have not been looked at yet' };
  #complete = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Ready while every connector and each of its tasks is RUNNING. */
  get readiness(): Readiness {
    return this.#readiness;
  }

  /** Whether the last look found every connector registered. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Says that the connectors cannot be looked at now, and why. */
  unready(reason: string): void {
    this.#readiness = { ready: false, reason };
  }

  /** Looks once, and restarts what has failed and whose time has come. Never throws. */
  async look(): Promise<void> {
    const { client, names, onStatus, logger, now } = this.#options;
    const began = now();
    try {
      const statuses = (await client.statuses()).filter(({ name }) => names.includes(name));
      onStatus?.(statuses, (now() - began) / 1_000);
      this.#complete = statuses.length === names.length;
      this.#readiness = readinessOf(names, statuses);
      for (const status of statuses) await this.#tend(status);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#readiness.ready) logger.warn({ reason }, 'looking at the connectors');
      this.#readiness = { ready: false, reason };
    }
  }

  async #tend(status: ConnectorStatus): Promise<void> {
    const { client, now, logger, onRestart } = this.#options;
    const { name } = status;
    const failed = failedParts(status);
    const restarts = this.#restarts.get(name) ?? { count: 0, last: -Infinity };
    const since = now() - restarts.last;
    if (failed.length === 0) {
      if (since > recoveredAfterMs) this.#restarts.delete(name);
      return;
    }
    // Not shortened at random: one supervisor restarts a connector.
    if (restarts.count > 0 && since < backoff(restarts.count, restartWaits, () => 0)) return;
    this.#restarts.set(name, { count: restarts.count + 1, last: now() });
    // The first line of the trace names the fault; the lines below may hold a document.
    logger.warn({ connector: name, failed, attempt: restarts.count + 1 }, 'restarting what has failed');
    onRestart?.(name);
    await client.restartFailed(name);
  }
}

function failedParts({ connector, tasks }: ConnectorStatus): string[] {
  const parts = [
    { part: 'connector', ...connector },
    ...tasks.map((task) => ({ part: `task ${task.id}`, ...task })),
  ];
  return parts
    .filter(({ state }) => state === 'FAILED')
    .map(({ part, trace }) => `${part}: ${faultOf(trace)}`);
}

// The exceptions' class names only: messages can quote the document. A missing right is named, and so is the
// place of a record that MongoDB has refused.
function faultOf(trace: string = ''): string {
  const refused = /writing the record \S+ to MongoDB failed: (?:error \d+|\w+)/.exec(trace);
  if (refused) return refused[0];
  const causes = trace.match(/^(?:Caused by: )?[\w.$]+(?:Exception|Error)/gm) ?? [];
  const names = causes.map((cause) => cause.replace('Caused by: ', '').split('.').at(-1)).join(' < ');
  const right = missingRight(trace);
  return right === undefined ? names || 'unknown' : `${names}: ${right}`;
}

/** What Kafka or MongoDB did not let the worker do. */
function missingRight(trace: string): string | undefined {
  const kafka = /AuthorizationException: Not authorized to access (topics|group): \[?([^\]\n]+)/.exec(trace);
  if (kafka) {
    const resource = kafka[1] === 'group' ? 'group' : 'topic';
    return `grant the worker’s principal Read on ${resource} ${kafka[2]}`;
  }
  const mongo = /not authorized on (\S+) to execute command \{ (\w+): "([^"]*)"/.exec(trace);
  if (mongo) return `grant the sink’s user in MongoDB ${mongo[2]} on ${mongo[1]}.${mongo[3]}`;
  return undefined;
}

function readinessOf(names: readonly string[], statuses: readonly ConnectorStatus[]): Readiness {
  for (const name of names) {
    const status = statuses.find((candidate) => candidate.name === name);
    if (status === undefined) return { ready: false, reason: `connector ${name} is not registered` };
    const { connector, tasks } = status;
    if (connector.state !== 'RUNNING')
      return { ready: false, reason: `connector ${name} is ${connector.state}` };
    if (tasks.length === 0) return { ready: false, reason: `connector ${name} has no task yet` };
    const idle = tasks.find((task) => task.state !== 'RUNNING');
    if (idle !== undefined) return { ready: false, reason: `task ${idle.id} of ${name} is ${idle.state}` };
  }
  return { ready: true };
}
