// The counts application on a cluster whose brokers come and go: what was sent, how soon it was committed,
// and what came of it in the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uniqueName, type Witness } from '@activity/kafka/testing';
import { createTopics, judge, sendIds, startApp, type App, type Verdict } from './counts-run.ts';
import type { CountsTopics } from './counts-topology.ts';
import { untilCommitted, waitFor } from './kill-run.ts';

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

interface Place {
  topic: string;
  partition: number;
  leader: number;
  replicas: number[];
  inSync: number[];
}

async function placesOf(witness: Witness, topics: readonly string[]): Promise<Place[]> {
  const metadata = await witness.admin.fetchTopicMetadata({ topics: [...topics] });
  return metadata.topics
    .flatMap(({ name: topic, partitions }) =>
      partitions.map(({ partitionId: partition, leader, replicas, isr: inSync }) => ({
        topic,
        partition,
        leader,
        replicas,
        inSync,
      })),
    )
    .toSorted((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
}

/** The node that leads each partition of a topic. */
export async function leadersOf(witness: Witness, topic: string): Promise<number[]> {
  return (await placesOf(witness, [topic])).map(({ leader }) => leader);
}

/** How many partitions of these topics lack a replica. */
export async function outOfSync(witness: Witness, topics: readonly string[]): Promise<number> {
  const places = await placesOf(witness, topics);
  return places.filter(({ inSync, replicas }) => inSync.length < replicas.length).length;
}

async function place(
  witness: Witness,
  places: readonly Place[],
  replicasOf: (place: Place) => number[],
): Promise<void> {
  const byTopic = [...Map.groupBy(places, ({ topic }) => topic)];
  await witness.admin.alterPartitionReassignments({
    topics: byTopic.map(([topic, partitions]) => ({
      topic,
      partitionAssignment: partitions.map((one) => ({
        partition: one.partition,
        replicas: replicasOf(one),
      })),
    })),
  });
}

/** Moves every partition of these topics to another leader; each has all of its replicas again afterwards. */
export async function moveLeaders(witness: Witness, topics: readonly string[]): Promise<void> {
  const before = await placesOf(witness, topics);
  const others = ({ leader, replicas }: Place): number[] => replicas.filter((node) => node !== leader);
  await place(witness, before, others);
  await waitFor('other leaders', async () => {
    const now = await placesOf(witness, topics);
    return now.every(({ leader }, i) => leader >= 0 && leader !== before[i]?.leader);
  });
  await place(witness, before, (one) => [...others(one), one.leader]);
  await waitFor('all replicas', async () => {
    const now = await placesOf(witness, topics);
    return now.every(({ inSync }, i) => inSync.length === before[i]?.replicas.length);
  });
}
