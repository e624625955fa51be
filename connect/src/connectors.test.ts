import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collections, dateFields } from '@activity/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { connectorsFolder, loadConnectors } from './connectors.ts';
import type { Connector } from './connectors.ts';

const values = {
  MONGODB_URI: 'mongodb://h/?w=majority',
  MONGODB_DATABASE: 'activity',
  CONNECTOR_PREFIX: 'activity',
  TASKS_MAX: '2',
  ENRICHED_TOPIC: 'enriched',
  COUNTS_TOPIC: 'counts',
  USERS_TOPIC: 'users',
  GLOBAL_COUNTS_TOPIC: 'global',
  LEDGER_TOPIC: 'ledger',
  AUDIT_TOPIC: 'audit',
  SINK_DEAD_LETTER_TOPIC: 'sink-dead',
};
const connectors = await loadConnectors(connectorsFolder, values);

function ofCollection(collection: string): Connector['config'] {
  return connectors.find(({ config }) => config['collection'] === collection)?.config ?? {};
}

describe('the connectors', () => {
  test('are one a topic', () => {
    expect(connectors.map(({ name, config }) => [name, config['topics'], config['collection']])).toEqual([
      ['activity-audit-sink', 'audit', collections.audit],
      ['activity-counts-sink', 'counts', collections.counts],
      ['activity-global-counts-sink', 'global', collections.globalCounts],
      ['activity-ledger-sink', 'ledger', collections.ledger],
      ['activity-logs-sink', 'enriched', collections.logs],
      ['activity-users-sink', 'users', collections.users],
    ]);
  });

  test.each(Object.keys(collections) as (keyof typeof collections)[])(
    'turn each date field of %s into a date, and need no transformation',
    (role) => {
      const config = ofCollection(collections[role]);
      expect(config['value.converter.dates']?.split(',')).toEqual(dateFields[role]);
      expect(config).not.toHaveProperty('transforms');
    },
  );

  test('logs and new windows are inserted; counts that are read by their positions have these', () => {
    const ways = connectors.map(({ config }) => [
      config['collection'],
      config['first.writes'],
      config['remembered.ids'],
      config['position.fields'],
    ]);
    expect(ways).toEqual([
      [collections.audit, 'replace', undefined, undefined],
      [collections.counts, 'insert', '262144', 'true'],
      [collections.globalCounts, 'replace', undefined, 'true'],
      [collections.ledger, 'replace', undefined, undefined],
      [collections.logs, 'insert', undefined, undefined],
      [collections.users, 'replace', undefined, undefined],
    ]);
  });

  test('logs are fetched at once, counts a quarter of a second later at most and in larger pieces', () => {
    const waits = connectors.map(({ config }) => [
      config['collection'],
      config['consumer.override.fetch.max.wait.ms'],
      config['consumer.override.fetch.min.bytes'],
    ]);
    const later = ['250', '131072'];
    expect(waits).toEqual([
      [collections.audit, undefined, undefined],
      [collections.counts, ...later],
      [collections.globalCounts, ...later],
      [collections.ledger, ...later],
      [collections.logs, undefined, undefined],
      [collections.users, ...later],
    ]);
  });

  // What an outage or a bad record costs hangs on each of these: see docs/connect.md before changing one.
  test.each(connectors.map(({ name, config }) => [name, config] as const))('%s is safe', (_, config) => {
    expect(config).toMatchObject({
      'header.converter': 'org.apache.kafka.connect.converters.ByteArrayConverter',
      'bulk.write.ordered': 'true',
      'mongo.errors.tolerance': 'data',
      'mongo.errors.log.enable': 'false',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': 'sink-dead',
      'errors.deadletterqueue.context.headers.enable': 'true',
      'consumer.override.isolation.level': 'read_committed',
      'consumer.override.auto.offset.reset': 'earliest',
      'connector.class': 'activity.sink.ActivitySinkConnector',
      'value.converter': 'activity.sink.DocumentConverter',
      'writemodel.strategy': 'activity.sink.DocumentWriteModel',
      'document.id.strategy': 'com.mongodb.kafka.connect.sink.processor.id.strategy.ProvidedInValueStrategy',
      'errors.log.include.messages': 'false',
    });
    expect(Object.values(config).join('\n')).not.toContain('${');
  });
});

describe('loadConnectors', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  async function folderWith(content: unknown): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'connectors-'));
    folders.push(folder);
    await writeFile(join(folder, 'a.json'), JSON.stringify(content));
    return folder;
  }

  test('names the file and the setting of a placeholder without a value', async () => {
    const folder = await folderWith({ name: 'a', config: { topics: '${NOPE}' } });
    await expect(loadConnectors(folder, {})).rejects.toThrow('a.json: topics: no value for ${NOPE}');
  });

  test('names a file that is no connector', async () => {
    const folder = await folderWith({ name: 'a', config: { topics: 1 } });
    await expect(loadConnectors(folder, {})).rejects.toThrow('reading connector a.json');
  });
});
