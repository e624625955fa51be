// Two instances, an input that goes on, and faults at random moments: what came of it, as the witness read
// it. After each fault a sample of all ids so far is sent again,
// so that the state is asked for what it must remember.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName, waitFor, type Witness } from '@activity/kafka/testing';
import {
  createTopics,
  judge,
  lagOf,
  sendAgain,
  sendIds,
  startApp,
  type App,
  type Verdict,
} from './counts-run.ts';
import type { CountsAppOptions } from './counts-app.fixture.ts';
import { faults, mountDisk, pastSessionMs, type Instance, type RunFault } from './run-faults.ts';

/** A run's size and kind. */
export interface KillRunOptions {
  witness: Witness;
  brokers: readonly string[];
  guarantee: 'exactly_once' | 'at_least_once';
  /** Different records to write; some of them are written again. */
  ids: number;
  /** How many faults there are. */
  kills: number;
  /** What kind of fault; SIGKILL unless given. */
  fault?: RunFault;
  commitIntervalMs?: number;
  threads?: number;
  /** The instances that keep their state on disk; the others restore everything at every start. */
  onDisk?: readonly string[];
  /**
   * Half way through, the state of the dedupe is deleted, on disk and in Kafka:
   * the proof that a run asks for it.
   */
  forget?: boolean;
}

const sampleSize = 300;
/** Room for the state of the runs on a disk of its own. */
const diskMegabytes = 48;

/** The application's own topic that its records go through. */
export async function topicsOf(witness: Witness, applicationId: string, input: string): Promise<string[]> {
  const all = await witness.admin.listTopics();
  return [input, ...all.filter((topic) => topic.startsWith(applicationId) && topic.endsWith('-repartition'))];
}

/**
 * Waits until everything in the input, and in the topics made from it, is committed.
 * @throws Error that says which topics are behind, and what the given processes printed last.
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
      return `${name} is ${state}; it printed last:\n${last.join('\n')}`;
    });
    throw new Error([`behind: ${lags.join(', ')}`, ...told].join('\n'), { cause });
  });
}

/** Numbers from 0 to below 1, by a seed: KILL_SEED, or another one each time. */
export function seededNumbers(): () => number {
  const seed = Number(process.env['KILL_SEED'] ?? Date.now() & 0x3fffffff);
  console.log(`run with faults: KILL_SEED=${seed} makes the same choices`);
  let n = 0;
  return () => createHash('sha256').update(`${seed} ${n++}`).digest().readUInt32BE() / 2 ** 32;
}

async function deleteDedupeState(witness: Witness, applicationId: string): Promise<void> {
  const topic = `${applicationId}-once-store-changelog`;
  const ends = await witness.endOffsets(topic);
  const partitions = ends.map((_end, partition) => ({ partition, offset: '-1' }));
  await witness.admin.deleteTopicRecords({ topic, partitions });
}

function withoutDisk({ stateDir: _dir, stateFlushMs: _ms, ...settings }: CountsAppOptions): CountsAppOptions {
  return settings;
}

/** Plays a run to its end and judges it. */
export async function runWithKills(options: KillRunOptions): Promise<Verdict> {
  const { witness, ids, kills, fault = 'kill', onDisk = ['a'] } = options;
  const random = seededNumbers();
  const topics = await createTopics(witness, 4);
  const applicationId = uniqueName('kills');
  const folder = mkdtempSync(join(tmpdir(), 'streams-kills-'));
  using _folder = { [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
  using disk = fault === 'fillDisk' ? mountDisk(folder, diskMegabytes) : undefined;
  if (fault === 'fillDisk' && !disk) throw new Error('fillDisk needs the right to mount a disk');
  const instanceOf = (name: string): Instance => {
    const home = join(folder, name);
    mkdirSync(home);
    const stallFile = join(home, 'stall');
    const settings: CountsAppOptions = {
      applicationId,
      brokers: options.brokers,
      guarantee: options.guarantee,
      commitIntervalMs: options.commitIntervalMs ?? 50,
      threads: options.threads ?? 1,
      sessionTimeoutMs: 6000,
      transactionTimeoutMs: 10_000,
      instanceId: name,
      ...(onDisk.includes(name) && { stateDir: join(home, 'state'), stateFlushMs: 300 }),
      counts: {
        topics,
        runEntries: 200,
        ...(fault === 'stallThread' && { stall: { file: stallFile, ms: pastSessionMs } }),
      },
    };
    const start = (): App => startApp(settings);
    const joinOne = (): App => startApp({ ...withoutDisk(settings), instanceId: 'newcomer' });
    return { app: start(), folder: home, stallFile, start, join: joinOne, random };
  };
  const instances = new Map(['a', 'b'].map((name) => [name, instanceOf(name)]));
  const apps = (): Map<string, App> => new Map([...instances].map(([name, { app }]) => [name, app]));

  async function forget(): Promise<void> {
    await untilCommitted(witness, applicationId, topics.input, apps());
    await Promise.all([...instances.values()].map(({ app }) => app.end('SIGTERM')));
    await deleteDedupeState(witness, applicationId);
    for (const instance of instances.values()) {
      rmSync(join(instance.folder, 'state'), { recursive: true, force: true });
      instance.app = instance.start();
    }
  }

  try {
    const chunk = Math.ceil(ids / (kills + 1));
    const names = fault === 'fillDisk' ? onDisk : [...instances.keys()];
    for (let kill = 0; kill < kills; kill++) {
      const sent = Math.min(ids, (kill + 1) * chunk);
      const sending = sendIds(witness, topics.input, kill * chunk, sent);
      const victim = names[Math.floor(random() * names.length)] ?? 'a';
      const instance = instances.get(victim) as Instance;
      await waitFor(`instance ${victim} to run`, () => instance.app.state === 'RUNNING');
      await sleep(random() * 800);
      await faults[fault](instance);
      await sending;
      if (options.forget === true && kill === Math.floor(kills / 2)) await forget();
      const sample = Array.from({ length: sampleSize }, () => Math.floor(random() * sent));
      await sendAgain(witness, topics.input, sample);
    }
    await sendIds(witness, topics.input, kills * chunk, ids);
    await untilCommitted(witness, applicationId, topics.input, apps());
    await Promise.all([...instances.values()].map(({ app }) => app.end('SIGTERM')));
    return await judge(witness, topics, ids);
  } finally {
    await Promise.all([...instances.values()].map(({ app }) => app.end('SIGKILL')));
  }
}
