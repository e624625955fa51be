import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultTopics } from './topics.ts';
import { jsonSchemaOf, topicSchemas, type SchemaTopic } from './topic-schemas.ts';

const folder = join(import.meta.dirname, '..', 'schemas');
const topics = Object.keys(topicSchemas) as SchemaTopic[];
const at = '2026-01-02T03:04:05.678Z';

describe('the JSON Schema files', () => {
  // `vitest -u` writes them again: then see that nothing was changed or taken away that somebody may read.
  test.each(topics)('%s is what the schema says', async (topic) => {
    const text = `${JSON.stringify(jsonSchemaOf(topic), undefined, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(folder, `${defaultTopics[topic]}.schema.json`));
  });
});

test.each<[SchemaTopic, object]>([
  ['raw', { command: 'erase-user', userId: 'u', requestedAt: at }],
  ['enriched', { _id: 1, deletedAt: at, by: 2 }],
  [
    'enriched',
    { _id: -4, deletedAt: at, by: 3, merge: { userId: 'u', session: 1, merged: [2], from: at, to: at } },
  ],
  ['counts', { _id: 'u|day|x', deletedAt: at, by: 2 }],
  ['users', { _id: 'u', deletedAt: at, by: 2 }],
])('%s may hold %j', (topic, value) => {
  expect(topicSchemas[topic].safeParse(value).success).toBe(true);
});
