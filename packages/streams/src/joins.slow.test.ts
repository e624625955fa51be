// Joins, sessions, suppress and an asynchronous step on three brokers, while processes and brokers are
// killed: outputs equal the oracle's, record for record where they have an order. JOIN_KILLS is the number of
// kills; a run prints its KILL_SEED.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectWitness, uniqueName, untilInSync, waitFor, type Seen } from '@activity/kafka/testing';
import { threeBrokers } from '@activity/testbed/testing/three-brokers';
import { expect, onTestFinished, test } from 'vitest';
import type { CountsOptions } from './testing-support/counts-topology.ts';
import { lagOf, startApp, type App } from './testing-support/counts-run.ts';
import { joinOracle } from './testing-support/join-oracle.ts';
import joinsTopology, {
  resultOf,
  groupRecords,
  joinRecords,
  nearby,
  orderedOutputs,
  pair,
  readValue,
  type JoinTopics,
} from './testing-support/joins-topology.ts';
import type { Input } from './testing-support/faults.ts';
import { seededNumbers } from './testing-support/kill-run.ts';
import { strings } from './testing-support/running-apps.ts';
import { TopologyTestDriver } from './testing/topology-test-driver.ts';

const kills = Number(process.env['JOIN_KILLS'] ?? 30);
const recordsPerKill = 400;
const partitions = 3;

const three = threeBrokers(connectWitness);

type Texts = [key: string | null, value: string | null][];

async function createTopics(): Promise<Required<JoinTopics>> {
  const counts = { input: partitions, groups: 2, owned: 1, called: 3, met: 3, named: 3, final: 3, calm: 3 };
  const made = Object.entries(counts).map(async ([name, count]) => {
    const topic = await three.witness.createTopic(uniqueName(name), count);
    return [name, topic] as const;
  });
  return Object.fromEntries(await Promise.all(made)) as Required<JoinTopics>;
}

function textsOf(seen: readonly Seen[]): Texts {
  return seen.map(({ key, value }) => [key, value]);
}

/**
 * What must be in a partition of each ordered output: joins by naive programs, the rest by the test driver.
 */
function expectedOf(topics: JoinTopics, records: readonly Seen[]): Record<string, Texts> {
  const events = records.map(({ key, value }) => {
    const text = value ?? '';
    return { key: key ?? '', value: text, ...readValue(text) };
  });
  const both: Input<string>[] = events
    .filter(({ kind }) => kind !== 'row')
    .map(({ key, value, time }) => ({ topic: topics.input, partition: 0, key, value, timestamp: time }));
  const met = joinOracle(both, {
    kind: 'left',
    windows: nearby,
    sideOf: (value) => (readValue(value).kind === 'view' ? 'left' : 'right'),
  });
  const rows = new Map<string, string>();
  const named: Texts = [];
  for (const { key, value, kind } of events)
    if (kind === 'row') rows.set(key, value);
    else if (kind === 'view') named.push([key, pair(value, rows.get(key))]);
  const { called: _called, ...ordered } = topics;
  const driver = new TopologyTestDriver(joinsTopology(ordered));
  const input = driver.input(topics.input, strings);
  for (const { key, value } of events) input.pipe(key, value, 0);
  const byDriver = (topic: string): Texts =>
    driver
      .output(topic, strings)
      .readAll()
      .map(({ key, value }) => [key ?? null, value ?? null]);
  return {
    met: met.map(([key, value]) => [key, value ?? null]),
    named,
    final: byDriver(topics.final),
    calm: byDriver(topics.calm),
  };
}

/** Waits until each topic is processed, in the order in which records go through them. */
async function untilAllCommitted(applicationId: string, { input, groups }: JoinTopics): Promise<void> {
  const all = await three.witness.admin.listTopics();
  const made = ['registration', 'response'].flatMap((part) =>
    all.filter((topic) => topic.startsWith(applicationId) && topic.endsWith(`-${part}-topic`)),
  );
  expect(made).toHaveLength(2);
  await waitFor('all records to be processed', async () => {
    for (const topic of [input, groups, ...made])
      if ((await lagOf(three.witness, applicationId, [topic])) > 0) return false;
    return true;
  });
}

/** The results of each key, in their order. */
function byKey(texts: Texts): Map<string | null, Texts> {
  return Map.groupBy(texts, ([key]) => key);
}

/** The newest result of each row, as it must be in the end. */
function ownedBy(input: readonly Seen[], groups: readonly Seen[]): Map<string | null, string | null> {
  const names = new Map(groups.map(({ key, value }) => [key, value]));
  const rows = input.filter(({ value }) => value !== null && readValue(value).kind === 'row');
  return new Map(
    rows.map(({ key, value }) => {
      const row = value ?? '';
      return [key, pair(row, names.get(readValue(row).group) ?? undefined)];
    }),
  );
}

test(
  `${kills} kills of processes and brokers change no result`,
  async () => {
    const { witness, cluster } = three;
    const random = seededNumbers();
    const topics = await createTopics();
    const applicationId = uniqueName('joins');
    const folder = mkdtempSync(join(tmpdir(), 'joins-kills-'));
    const start = (name: string): App =>
      startApp({
        applicationId,
        brokers: cluster.addresses,
        module: 'joins-topology.ts',
        counts: topics as unknown as CountsOptions,
        instanceId: name,
        commitIntervalMs: 30,
        sessionTimeoutMs: 6000,
        transactionTimeoutMs: 10_000,
        // The other one restores everything each time.
        ...(name === 'a' && { stateDir: join(folder, 'state'), stateFlushMs: 300 }),
      });
    const apps = new Map(['a', 'b'].map((name) => [name, start(name)]));
    onTestFinished(async () => {
      await Promise.all([...apps.values()].map((app) => app.end('SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    });
    const began = Date.now() - 3_600_000;
    const send = async (round: number): Promise<void> => {
      await witness.send(topics.groups, groupRecords(round));
      for (let at = round * recordsPerKill; at < (round + 1) * recordsPerKill; at += 40) {
        await witness.send(topics.input, joinRecords(at, at + 40, began));
        await sleep(15);
      }
    };
    const killBroker = async (): Promise<void> => {
      const broker = cluster.brokers[Math.floor(random() * cluster.brokers.length)];
      await broker?.kill();
      await sleep(random() * 3000);
      await broker?.restart();
      // Another one must not go before: a write needs two copies.
      await untilInSync(witness, Object.values(topics));
    };
    const killed = { processes: 0, brokers: 0 };
    for (let round = 0; round < kills; round++) {
      const name = random() < 0.5 ? 'a' : 'b';
      await waitFor(`instance ${name} to run`, () => apps.get(name)?.state === 'RUNNING');
      const sending = send(round);
      await sleep(random() * 600);
      if (random() < 0.3) {
        killed.brokers++;
        await killBroker();
      } else {
        killed.processes++;
        await apps.get(name)?.end('SIGKILL');
        apps.set(name, start(name));
      }
      await sending;
    }
    console.log(`killed: ${JSON.stringify(killed)}`);
    await send(kills);
    await untilAllCommitted(applicationId, topics);
    await Promise.all([...apps.values()].map((app) => app.end('SIGTERM')));
    const input = Map.groupBy(await witness.readCommitted(topics.input), ({ partition }) => partition);
    const groups = await witness.readCommitted(topics.groups);
    // Its results come through two more topics, where those of different keys have no order.
    const rows = ownedBy([...input.values()].flat(), groups);
    expect(new Map(textsOf(await witness.readCommitted(topics.owned)))).toEqual(rows);
    expect(rows.size).toBeGreaterThan(5);
    const expectedIn = Array.from({ length: partitions }, (_, partition) =>
      expectedOf(topics, input.get(partition) ?? []),
    );
    // The results of calls come out in the order of each key.
    const called = textsOf(await witness.readCommitted(topics.called));
    const calls = expectedIn.flatMap(({ named = [] }) => named);
    expect(byKey(called)).toEqual(byKey(calls.map(([key, value]) => [key, resultOf(value ?? '')])));
    for (const name of orderedOutputs) {
      const found = Map.groupBy(await witness.readCommitted(topics[name]), ({ partition }) => partition);
      for (let partition = 0; partition < partitions; partition++) {
        const expected = expectedIn[partition]?.[name] ?? [];
        expect([name, partition, textsOf(found.get(partition) ?? [])]).toEqual([name, partition, expected]);
        expect([name, partition, expected.length > 20]).toEqual([name, partition, true]);
      }
    }
  },
  180_000 + kills * 40_000,
);
