// What a running application can be asked for, with worker threads on a real broker: to pause, to report what
// is restored, to close in a time.
import { setTimeout as sleep } from 'node:timers/promises';
import { servers } from '@activity/testbed/testing';
import { uniqueName } from '@activity/kafka/testing';
import { expect, test } from 'vitest';
import type { StateRestoreListener } from './runtime/restore-listener.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { copying, runningApps, strings, until } from './testing-support/running-apps.ts';
import { lagOf } from './testing-support/counts-run.ts';
import type { TopologyModule } from './runtime/topology-module.ts';

const apps = runningApps(() => servers().kafka);

async function topics(): Promise<{ input: string; output: string }> {
  const [input, output] = [uniqueName('in'), uniqueName('out')];
  for (const topic of [input, output]) await apps.witness.createTopic(topic, 4);
  return { input, output };
}

const keys = Array.from({ length: 40 }, (_, n) => ({ key: `k${n}`, value: 'x' }));

function sorted(values: readonly unknown[]): string[] {
  return values.map(String).toSorted();
}

test('worker threads pause, stay members, resume, and restore with a report', async () => {
  const { input, output } = await topics();
  const url = new URL('./testing-support/counting.fixture.ts', import.meta.url);
  const topology: TopologyModule = { url, options: { input, output } };
  const app = apps.create(topology, { threads: 2 });
  app.streams.pause();
  await app.streams.start();
  await apps.witness.send(input, keys);
  await apps.untilRunning(app);
  const states = app.states.length;
  // Longer than the group waits for a member that says nothing.
  await sleep(7_000);
  expect(await apps.valuesIn(output)).toEqual([]);
  expect([app.streams.isPaused, app.streams.isReady(), app.states.length]).toEqual([true, true, states]);
  app.streams.resume();
  await until(async () => expect(await apps.valuesIn(output)).toHaveLength(keys.length));
  app.streams.pause();
  expect(await app.streams.close()).toBe(true);
  expect(await lagOf(apps.witness, apps.applicationId, [input])).toBe(0);

  // State was in memory: another process reads the changelogs.
  const totals = new Map<string, number>();
  const started: string[] = [];
  const restoreListener: StateRestoreListener = {
    onRestoreStart: ({ store, topic, partition, startOffset }) =>
      started.push(`${store} ${topic}-${partition} ${startOffset}`),
    onRestoreEnd: ({ partition, totalRestored }) => totals.set(`${partition}`, totalRestored),
  };
  const again = apps.create(topology, { threads: 2, restoreListener });
  await again.streams.start();
  await until(() => expect(totals.size).toBe(4));
  expect([...totals.values()].reduce((sum, n) => sum + n, 0)).toBe(keys.length);
  const changelog = `${apps.applicationId}-counts-changelog`;
  expect(started).toContain(`counts ${changelog}-0 0`);
}, 120_000);

test('close says whether everything has ended in time', async () => {
  const { input, output } = await topics();
  const { streams, states } = apps.create(copying(input, output));
  await streams.start();
  await until(() => expect(states).toContain('RUNNING'));
  await expect(streams.close({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  expect(streams.state).toBe('RUNNING');
  expect(await streams.close({ timeoutMs: 0 })).toBe(false);
  expect(await streams.close({ timeoutMs: 30_000 })).toBe(true);
  expect(streams.state).toBe('CLOSED');
});

test('each source begins where its offset reset says', async () => {
  const [early, late, recent] = [uniqueName('early'), uniqueName('late'), uniqueName('recent')];
  const output = uniqueName('out');
  for (const topic of [early, late, recent, output]) await apps.witness.createTopic(topic, 1);
  const now = Date.now();
  for (const topic of [early, late, recent])
    await apps.witness.send(topic, [
      { key: 'k', value: `${topic} of yesterday`, timestamp: now - 86_400_000 },
      { key: 'k', value: `${topic} of now`, timestamp: now },
    ]);
  const builder = new StreamsBuilder();
  builder.stream(early, strings).to(output);
  builder.stream(late, { ...strings, offsetReset: 'latest' }).to(output);
  builder.stream(recent, { ...strings, offsetReset: { byDuration: '1h' } }).to(output);
  const app = apps.create(builder.build());
  await app.streams.start();
  await apps.untilRunning(app);
  await until(async () => expect(await lagOf(apps.witness, apps.applicationId, [late])).toBe(0));
  await apps.witness.send(late, [{ key: 'k', value: 'later' }]);
  const wanted = [`${early} of yesterday`, `${early} of now`, `${recent} of now`, 'later'];
  await until(async () => expect(sorted(await apps.valuesIn(output))).toEqual(sorted(wanted)));
});

test('an application whose reset is none ends where nothing is committed', async () => {
  const { input, output } = await topics();
  const app = apps.create(copying(input, output), { offsetReset: 'none' });
  await app.streams.start();
  await until(() => expect(app.streams.state).toBe('ERROR'));
  expect(app.errors.join()).toContain("has no committed offset, and its offsetReset is 'none'");
});
