// Sessions, sliding windows, suppress and results on close on a real broker: an application that is ended and
// started again puts out what the test driver does in one go.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { uniqueName } from '@activity/kafka/testing';
import { expect, onTestFinished, test } from 'vitest';
import { numberSerde } from './api/serde.ts';
import type { Session } from './api/session-store.ts';
import { untilTimeLimit, untilWindowCloses } from './dsl/suppressed.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { sessions, sliding, tumbling } from './dsl/windows.ts';
import { runningApps, strings } from './testing-support/running-apps.ts';
import { TopologyTestDriver } from './testing/topology-test-driver.ts';
import type { Topology } from './topology/topology.ts';

const apps = runningApps(() => servers().kafka);

const outputs = ['visits', 'final', 'close', 'closed', 'calm'] as const;
type Topics = Record<'input' | (typeof outputs)[number], string>;

/** The event time is in the value: a broker refuses times that are far ahead. */
function windowed({ input, ...to }: Topics): Topology {
  const builder = new StreamsBuilder();
  const timestamp = (value: string): number => Number(value.split('@')[1]);
  const stream = builder.stream(input, { ...strings, timestamp });
  const grouped = stream.groupByKey();
  const visits = grouped.windowedBy(sessions({ gap: 500, grace: 300 })).count({ store: 'visits' });
  const counts = { value: numberSerde };
  visits.toStream().to(to.visits, counts);
  visits
    .suppress(untilWindowCloses({ name: 'final' }))
    .toStream()
    .to(to.final, counts);
  const windows = sliding({ timeDifference: 400, grace: 200 });
  grouped.windowedBy(windows).count({ store: 'close' }).toStream().to(to.close, counts);
  const minutes = tumbling({ size: 700, grace: 100 });
  grouped
    .windowedBy(minutes)
    .emitStrategy('onWindowClose')
    .count({ store: 'closed' })
    .toStream()
    .to(to.closed, counts);
  const calm = stream
    .toTable({ store: 'rows' })
    .suppress(untilTimeLimit(600, { name: 'calm', maxRecords: 3 }));
  calm.toStream().to(to.calm);
  return builder.build();
}

test('windows and what waits survive restarts, with their state on disk and without', async () => {
  const names = ['input', ...outputs].map(async (name) => {
    return [name, await apps.witness.createTopic(uniqueName(name), 1)] as const;
  });
  const topics = Object.fromEntries(await Promise.all(names)) as Topics;
  const stateDir = mkdtempSync(join(tmpdir(), 'windows-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
  const topology = windowed(topics);
  const records = Array.from({ length: 900 }, (_, n) => {
    // Bursts, with pauses in which sessions end; some records are late.
    const time = n * 40 + Math.floor(n / 60) * 1500 - (n % 4 === 0 ? (n * 131) % 1500 : 0);
    return { key: `k${(n * 7) % 5}`, value: `${n}@${Math.max(0, time)}` };
  });
  const kept: Session<number>[] = [];
  for (const [round, options] of [{ stateDir }, { stateDir }, {}].entries()) {
    const { streams } = apps.create(topology, options);
    await streams.start();
    await apps.witness.send(topics.input, records.slice(round * 300, round * 300 + 300));
    await apps.untilCommitted(topics.input);
    kept.push(...(await streams.store<string, number>('visits').fetchSessions('k1')));
    await streams.close();
  }
  const driver = new TopologyTestDriver(topology);
  const input = driver.input(topics.input, strings);
  for (const { key, value } of records) input.pipe(key, value, 0);
  for (const name of outputs) {
    const expected = driver.output(topics[name], strings).readAll();
    const committed = await apps.witness.readCommitted(topics[name]);
    expect([name, expected.length > 20]).toEqual([name, true]);
    expect([name, committed.map(({ key, value }) => [key, value])]).toEqual([
      name,
      expected.map(({ key, value }) => [key, value ?? null]),
    ]);
  }
  // The store was read after each round.
  expect(kept.length).toBeGreaterThanOrEqual(3);
  for (const { start, end, value } of kept) expect([end > start, value > 0]).toEqual([true, true]);
});
