// How old state may be: less than the changelog keeps tombstones.
import { FatalError, RetriableError, type TopicSetting } from '@activity/kafka';
import { expect, test } from 'vitest';
import { oldestState } from './oldest-state.ts';

const hour = 3_600_000;

function settings(values: { [topic: string]: string }): () => Promise<TopicSetting[]> {
  return async () =>
    Object.entries(values).map(([topic, value]) => ({
      topic,
      name: 'delete.retention.ms',
      value,
      own: false,
    }));
}

test('is the retention of tombstones, less what reading the changelog may take', async () => {
  const topicSettings = settings({ a: String(24 * hour), b: String(hour), c: '0' });
  const ages = await oldestState({ topicSettings }, ['a', 'b', 'c']);
  expect([...ages]).toEqual([
    ['a', 23 * hour],
    ['b', 0.75 * hour],
    ['c', 0],
  ]);
});

test('is by the default where settings may not be read; where Kafka does not answer, nothing is guessed', async () => {
  const refused = async (): Promise<never> => {
    throw new FatalError('NOT_AUTHORIZED', 'no');
  };
  expect(await oldestState({ topicSettings: refused }, ['a'])).toEqual(new Map([['a', 23 * hour]]));
  const away = async (): Promise<never> => {
    throw new RetriableError('CONNECTION_LOST', 'away');
  };
  await expect(oldestState({ topicSettings: away }, ['a'])).rejects.toThrow('away');
});
