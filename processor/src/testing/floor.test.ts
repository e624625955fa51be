// The floor makes of events what the topology makes of them, field by field.
import { expect, test } from 'vitest';
import { openFloor, type FloorOutput } from './floor.ts';
import { openPipeline } from './pipeline.ts';

const at = Date.UTC(2026, 0, 5, 10, 0, 30);
const now = at + 60_000;

function eventOf(n: number): { eventId: string; userId: string; at: number; value: Buffer } {
  // Each tenth is a copy of one a moment ago.
  const id = n % 10 === 9 ? n - 3 : n;
  const time = at + id * 400;
  const iso = new Date(time).toISOString();
  const event = {
    eventId: `event-${id}`,
    userId: `user-${id % 7}`,
    activityType: ['LOGIN', 'PAGE_VIEW', 'ERROR'][id % 3],
    metadata: { ip: `203.0.113.${id}`, page: `/products/${id}?a=b`, userAgent: 'curl/8.1' },
    timestamp: iso,
    receivedAt: iso,
  };
  return { ...event, at: time, value: Buffer.from(JSON.stringify(event)) };
}

/** The newest value of each key. */
function newest(outputs: readonly { key: string; value: unknown }[]): Record<string, unknown> {
  return Object.fromEntries(outputs.map(({ key, value }) => [key, value]));
}

test('logs, windows and users are those of the topology', () => {
  const { pipe, read, driver } = openPipeline({ commits: 'manual', now });
  const floor = openFloor({ dedupeMs: 86_400_000, now: () => now });
  const written: FloorOutput[] = [];
  for (let n = 0; n < 200; n++) {
    const { userId, value, at: timestamp } = eventOf(n);
    pipe(userId, value, timestamp);
    const log = floor.process({ key: userId, value, partition: 0, offset: n, timestamp });
    if (log) written.push(log);
    if (n % 50 === 49) written.push(...floor.flush());
  }
  while (driver.process(50) > 0) driver.beginCommit().succeed();

  const floors = (topic: FloorOutput['topic']): { key: string; value: unknown }[] =>
    written
      .filter((output) => output.topic === topic)
      .map(({ key, value }) => ({ key, value: JSON.parse(value) }));
  const ours = (topic: FloorOutput['topic']): { key: string; value: unknown }[] =>
    read(topic).map(({ key, value }) => ({ key: key ?? '', value }));
  expect(floors('enriched')).toEqual(ours('enriched'));
  for (const topic of ['counts', 'users'] as const) {
    const totals = newest(floors(topic));
    expect(totals).toEqual(newest(ours(topic)));
    expect(Object.keys(totals).length).toBeGreaterThanOrEqual(7);
  }
  expect(written.filter(({ topic }) => topic === 'enriched')).toHaveLength(180);
});

test('what is no event is an error', () => {
  const floor = openFloor({ dedupeMs: 1_000, now: () => now });
  const record = { key: 'user-1', value: Buffer.from('{}'), partition: 0, offset: 0, timestamp: at };
  expect(() => floor.process(record)).toThrow('takes events');
});
