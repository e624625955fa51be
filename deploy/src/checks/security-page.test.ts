// docs/security.md says what the rights are; `npm run docs:generate` writes its tables again.
import { join } from 'node:path';
import { defaultTopics, kafkaRights } from '@activity/contracts';
import { expect, test } from 'vitest';
import { securityPage } from './security-page.ts';
import { projectRoot, read } from './sources.ts';

const file = 'docs/security.md';

test('the tables are those of the rights', async () => {
  await expect(securityPage(read(file))).toMatchFileSnapshot(join(projectRoot, file));
});

test('a page without a place for a table is refused', () => {
  expect(() => securityPage('# Security')).toThrowError('no place for the table of kafka');
});

test('nobody may act for the cluster, and only one principal writes to each derived topic', () => {
  const rights = kafkaRights({
    topics: defaultTopics,
    applicationId: 'app',
    connectGroup: 'connect',
    connectorPrefix: 'activity',
  });
  const all = Object.entries(rights).flatMap(([principal, some]) =>
    some.flatMap((right) => right.operations.map((operation) => ({ principal, operation, ...right }))),
  );
  const onCluster = all.filter(({ resource }) => resource === 'Cluster').map(({ operation }) => operation);
  expect(onCluster).toEqual(['Describe']);
  const others = new Set<string>([defaultTopics.raw, defaultTopics.deadLetter, defaultTopics.sinkDeadLetter]);
  for (const topic of Object.values(defaultTopics).filter((name) => !others.has(name))) {
    const writers = all.filter(({ name, operation }) => name === topic && operation === 'Write');
    const ofEdge: string[] = [defaultTopics.audit, defaultTopics.types];
    const writer = ofEdge.includes(topic) ? 'ingest' : 'processor';
    expect([topic, writers.map(({ principal }) => principal)]).toEqual([topic, [writer]]);
  }
});
