// Sessions, sliding windows, suppress and results on close on a real broker: an application that is ended or
// killed, and started again, puts out what the test driver does in one go. WINDOW_KILLS=30 kills it 30 times.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { servers } from '@activity/testbed/testing';
import { uniqueName } from '@activity/kafka/testing';
import { expect, onTestFinished, test } from 'vitest';
import type { Session } from './api/session-store.ts';
import type { CountsOptions } from './testing-support/counts-topology.ts';
import { startApp } from './testing-support/counts-run.ts';
import { runningApps, strings, until } from './testing-support/running-apps.ts';
import windowsTopology, {
  windowOutputs,
  windowRecords,
  type WindowRecord,
  type WindowTopics,
} from './testing-support/windows-topology.ts';
import { TopologyTestDriver } from './testing/topology-test-driver.ts';

const kills = Number(process.env['WINDOW_KILLS'] ?? 3);

const apps = runningApps(() => servers().kafka);

async function createTopics(): Promise<WindowTopics> {
  const names = ['input', ...windowOutputs].map(async (name) => {
    // The event times are near the epoch: the broker would delete the first segment as 56 years old.
    const topic = await apps.witness.createTopic(uniqueName(name), 1, { 'retention.ms': '-1' });
    return [name, topic] as const;
  });
  return Object.fromEntries(await Promise.all(names)) as WindowTopics;
}

function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'windows-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every output has what the test driver makes of the records, in its order. */
async function expectAsInOneGo(topics: WindowTopics, records: readonly WindowRecord[]): Promise<void> {
  const driver = new TopologyTestDriver(windowsTopology(topics));
  const input = driver.input(topics.input, strings);
  for (const { key, value } of records) input.pipe(key, value, 0);
  for (const name of windowOutputs) {
    const expected = driver.output(topics[name], strings).readAll();
    const committed = await apps.witness.readCommitted(topics[name]);
    expect([name, expected.length > 20]).toEqual([name, true]);
    expect([name, committed.map(({ key, value }) => [key, value])]).toEqual([
      name,
      expected.map(({ key, value }) => [key, value ?? null]),
    ]);
  }
}

test('windows and what waits survive restarts, with their state on disk and without', async () => {
  const topics = await createTopics();
  const stateDir = stateFolder();
  const topology = windowsTopology(topics);
  const records = windowRecords(900);
  const kept: Session<number>[] = [];
  for (const [round, options] of [{ stateDir }, { stateDir }, {}].entries()) {
    const { streams } = apps.create(topology, options);
    await streams.start();
    await apps.witness.send(topics.input, records.slice(round * 300, round * 300 + 300));
    await apps.untilCommitted(topics.input);
    kept.push(...(await streams.store<string, number>('visits').fetchSessions('k1')));
    await streams.close();
  }
  await expectAsInOneGo(topics, records);
  // The store was read after each round.
  expect(kept.length).toBeGreaterThanOrEqual(3);
  for (const { start, end, value } of kept) expect([end > start, value > 0]).toEqual([true, true]);
});

test(
  'a process that is killed again and again changes no result',
  { timeout: 60_000 + kills * 15_000 },
  async () => {
    const topics = await createTopics();
    const start = (): ReturnType<typeof startApp> =>
      startApp({
        applicationId: apps.applicationId,
        brokers: [servers().kafka],
        module: 'windows-topology.ts',
        counts: topics as unknown as CountsOptions,
        instanceId: 'a',
        stateDir,
        stateFlushMs: 200,
        commitIntervalMs: 30,
        sessionTimeoutMs: 6000,
      });
    const stateDir = stateFolder();
    const records = windowRecords(300 * (kills + 1));
    let app = start();
    onTestFinished(() => app.end('SIGKILL'));
    for (let round = 0; round <= kills; round++) {
      await until(() => expect(app.state).toBe('RUNNING'));
      const from = Math.floor((records.length / (kills + 1)) * round);
      const to = Math.floor((records.length / (kills + 1)) * (round + 1));
      for (let at = from; at < to; at += 25) {
        await apps.witness.send(topics.input, records.slice(at, Math.min(at + 25, to)));
        await sleep(15);
      }
      if (round === kills) break;
      await app.end('SIGKILL');
      app = start();
    }
    await apps.untilCommitted(topics.input);
    await app.end('SIGTERM');
    await expectAsInOneGo(topics, records);
  },
);
