import { defaultTopics } from '@activity/contracts';
import { expect, test } from 'vitest';
import { holdingsOf, type Holding } from './retentions.ts';

const day = 86_400_000;
const slack = 600_000;
const compact = { 'cleanup.policy': 'compact', 'max.compaction.lag.ms': String(day) };
const replaced = 3 * day + slack;

/** What a receipt says of one of the processor's own topics with these settings. */
function held(topic: string, settings: Record<string, string>): Holding | undefined {
  const values = new Map(Object.entries(settings));
  return holdingsOf(defaultTopics, [topic], (name) => (name === topic ? values : new Map())).find(
    (holding) => holding.topic === topic,
  );
}

test.each<[string, Record<string, string>, number]>([
  ['app-dedupe-changelog', compact, replaced],
  [
    'app-windows-changelog',
    { ...compact, 'cleanup.policy': 'compact,delete', 'retention.ms': String(day), 'segment.ms': '0' },
    day + slack,
  ],
  [
    'app-windows-changelog',
    { ...compact, 'cleanup.policy': 'compact,delete', 'retention.ms': '-1', 'segment.ms': '0' },
    replaced,
  ],
  [
    'app-users-repartition',
    { 'cleanup.policy': 'delete', 'retention.ms': String(2 * day), 'segment.ms': String(day) },
    3 * day + slack,
  ],
])('%s with %j holds an erased user’s id for a time that is named', (topic, settings, ms) => {
  expect(held(topic, settings)).toEqual({ topic, holds: 'id', ms });
});

test('where there is no end, the receipt says why', () => {
  const endless = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'segment.ms': String(day) };
  for (const topic of ['app-people-changelog', 'app-users-repartition'])
    expect(held(topic, endless)).toMatchObject({ ms: undefined, why: expect.stringMatching(/./) });
  const all = holdingsOf(defaultTopics, [], () => new Map(Object.entries(endless)));
  for (const { topic, ms, why } of all)
    expect([topic, ms !== undefined || why !== undefined]).toEqual([topic, true]);
  expect(held('app-minutes-repartition', endless)).toBeUndefined();
});
