// Two instances, an input that goes on, and SIGKILLs at random points: what came of it, as the witness read it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTopics, judge, lagOf, sendIds, startApp, type App, type Verdict } from './counts-run.ts';
import type { CountsAppOptions } from './counts-app.fixture.ts';
import { uniqueName, type Witness } from '@activity/kafka/testing';

/** A run's size and kind. */
export interface KillRunOptions {
  witness: Witness;
  broker: string;
  guarantee: 'exactly_once' | 'at_least_once';
  /** Different records to write; some of them are written twice. */
  ids: number;
  kills: number;
  commitIntervalMs?: number;
  threads?: number;
  /** The instances that keep their state on disk; the others restore everything at every start. */
  onDisk?: readonly string[];
}

/** Waits until something is so. @throws Error that says what was waited for. */
export async function waitFor(
  what: string,
  check: () => boolean | Promise<boolean>,
  deadlineMs = 120_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await sleep(20);
  }
}

/** The application's own topic that its records go through. */
export async function topicsOf(witness: Witness, applicationId: string, input: string): Promise<string[]> {
  const all = await witness.admin.listTopics();
  return [input, ...all.filter((topic) => topic.startsWith(applicationId) && topic.endsWith('-repartition'))];
}

/**
 * Waits until everything in the input, and in the topics made from it, is committed.
 * @throws Error that says which topics are behind, and what the given processes said last.
 */
export async function untilCommitted(
  witness: Witness,
  applicationId: string,
  input: string,
  apps: ReadonlyMap<string, App> = new Map(),
): Promise<void> {
  const own = await topicsOf(witness, applicationId, input);
  const settled = async (): Promise<boolean> => (await lagOf(witness, applicationId, own)) === 0;
  await waitFor('all input to be committed', settled).catch(async (cause: unknown) => {
    const lags = await Promise.all(
      own.map(async (topic) => `${topic} ${await lagOf(witness, applicationId, [topic])}`),
    );
    const told = [...apps].map(([name, { state, lines }]) => {
      const last = lines.slice(-8).map((line) => JSON.stringify(line));
      return `${name} is ${state}; it said last:\n${last.join('\n')}`;
    });
    throw new Error([`behind: ${lags.join(', ')}`, ...told].join('\n'), { cause });
  });
}

/** Plays a run to its end and judges it. */
export async function runWithKills(options: KillRunOptions): Promise<Verdict> {
  const {
    witness,
    broker,
    guarantee,
    ids,
    kills,
    commitIntervalMs = 50,
    threads = 1,
    onDisk = ['a'],
  } = options;
  const topics = await createTopics(witness, 4);
  const applicationId = uniqueName('kills');
  const folder = mkdtempSync(join(tmpdir(), 'streams-kills-'));
  const start = (name: string): App => {
    const settings: CountsAppOptions = {
      applicationId,
      brokers: [broker],
      guarantee,
      commitIntervalMs,
      threads,
      sessionTimeoutMs: 6000,
      transactionTimeoutMs: 10_000,
      instanceId: name,
      ...(onDisk.includes(name) && { stateDir: join(folder, name), stateFlushMs: 300 }),
      counts: { topics },
    };
    return startApp(settings);
  };
  const apps = new Map([
    ['a', start('a')],
    ['b', start('b')],
  ]);
  try {
    const chunk = Math.ceil(ids / (kills + 1));
    for (let kill = 0; kill < kills; kill++) {
      const sending = sendIds(witness, topics.input, kill * chunk, Math.min(ids, (kill + 1) * chunk));
      const victim = Math.random() < 0.5 ? 'a' : 'b';
      await waitFor(`instance ${victim} to run`, () => apps.get(victim)?.state === 'RUNNING');
      await sleep(Math.random() * 800);
      await apps.get(victim)?.end('SIGKILL');
      apps.set(victim, start(victim));
      await sending;
    }
    await sendIds(witness, topics.input, kills * chunk, ids);
    await untilCommitted(witness, applicationId, topics.input, apps);
    await Promise.all([...apps.values()].map((app) => app.end('SIGTERM')));
    return await judge(witness, topics, ids);
  } finally {
    for (const app of apps.values()) app.child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
