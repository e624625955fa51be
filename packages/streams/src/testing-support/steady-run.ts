// The counts application on a cluster whose brokers come and go: what was sent, how soon it was committed,
// and what came of it in the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName, waitFor, type Witness } from '@activity/kafka/testing';
import { createTopics, judge, sendIds, startApp, type App, type Verdict } from './counts-run.ts';
import type { CountsTopics } from './counts-topology.ts';
import { untilCommitted } from './kill-run.ts';

/** A running application with an input that goes on. */
export interface SteadyRun extends AsyncDisposable {
  readonly topics: CountsTopics;
  readonly applicationId: string;
  readonly apps: ReadonlyMap<string, App>;
  /** Sends the next `count` ids; tries again while the cluster takes none. */
  send(count: number): Promise<void>;
  /** Sends ids and waits until they are committed. Resolves with how long that took, in milliseconds. */
  goOn(): Promise<number>;
  /** How long {@link goOn} may take after a single failure: a busy machine is slow without one, too. */
  readonly limitMs: number;
  /** Waits until all that was sent is committed, ends the application and judges. */
  finish(): Promise<Verdict>;
}

const idsAtOnce = 400;
/** Work goes on so soon after a single failure, in milliseconds, beyond what it takes without one. */
const goesOnWithinMs = 10_000;

/** Starts two instances, one with its state on disk. Resolves when both have committed what was sent. */
export async function startSteadyRun(brokers: readonly string[], witness: Witness): Promise<SteadyRun> {
  const topics = await createTopics(witness, 3);
  const applicationId = uniqueName('steady');
  const folder = mkdtempSync(join(tmpdir(), 'streams-steady-'));
  const startOne = (name: string): App =>
    startApp({
      applicationId,
      brokers,
      instanceId: name,
      commitIntervalMs: 50,
      sessionTimeoutMs: 6000,
      ...(name === 'a' && { stateDir: join(folder, name), stateFlushMs: 300 }),
      counts: { topics, runEntries: 200 },
    });
  const apps = new Map(['a', 'b'].map((name) => [name, startOne(name)]));
  let sent = 0;
  let usualMs = 0;

  /** What was sent twice because no answer came is dropped by the application. */
  async function send(count: number): Promise<void> {
    for (const deadline = performance.now() + 60_000; ;) {
      try {
        await sendIds(witness, topics.input, sent, sent + count);
        sent += count;
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(100);
      }
    }
  }

  const settled = (): Promise<void> => untilCommitted(witness, applicationId, topics.input, apps);

  async function goOn(): Promise<number> {
    const began = performance.now();
    await send(idsAtOnce);
    await settled();
    return performance.now() - began;
  }

  async function end(): Promise<void> {
    await Promise.all([...apps.values()].map((app) => app.end('SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    await waitFor('both instances to run', () =>
      [...apps.values()].every(({ state }) => state === 'RUNNING'),
    );
    await goOn();
    usualMs = Math.max(await goOn(), await goOn());
  } catch (error) {
    await end();
    throw error;
  }
  return {
    limitMs: goesOnWithinMs + 2 * usualMs,
    topics,
    applicationId,
    apps,
    send,
    goOn,
    async finish() {
      await settled();
      await Promise.all([...apps.values()].map((app) => app.end('SIGTERM')));
      return judge(witness, topics, sent);
    },
    [Symbol.asyncDispose]: end,
  };
}
