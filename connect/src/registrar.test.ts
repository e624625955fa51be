import { beforeEach, expect, test } from 'vitest';
import type { ConnectClient } from './connect-client.ts';
import { InvalidConnectorError, register } from './registrar.ts';

const connector = {
  name: 'sink',
  config: { 'connector.class': 'com.example.MongoSinkConnector', topics: 't' },
};

let registered: Map<string, Record<string, string>>;
let calls: string[];
let problems: string[];

beforeEach(() => {
  registered = new Map();
  calls = [];
  problems = [];
});

const client: ConnectClient = {
  healthy: async () => true,
  config: async (name) => registered.get(name),
  putConfig: async (name, config) => {
    calls.push('put');
    registered.set(name, config);
  },
  validate: async (plugin, config) => {
    calls.push(`validate ${plugin} ${config['name']}`);
    return problems;
  },
  statuses: async () => [],
  restartFailed: async () => {},
};

test('validates and creates a connector that is not there', async () => {
  expect(await register(client, connector)).toBe('created');
  expect(calls).toEqual(['validate MongoSinkConnector sink', 'put']);
});

test('leaves alone what is as it should be', async () => {
  await register(client, connector);
  calls = [];
  expect(await register(client, connector)).toBe('unchanged');
  expect(calls).toEqual([]);
});

test.each([{ topics: 'u' }, { topics: 't', 'tasks.max': '2' }])(
  'updates what differs: %o',
  async (config) => {
    await register(client, connector);
    const changed = {
      ...connector,
      config: { 'connector.class': 'com.example.MongoSinkConnector', ...config },
    };
    expect(await register(client, changed)).toBe('updated');
    expect(registered.get('sink')).toEqual({ ...changed.config, name: 'sink' });
  },
);

test('drops a setting that is gone', async () => {
  registered.set('sink', { ...connector.config, name: 'sink', 'tasks.max': '9' });
  expect(await register(client, connector)).toBe('updated');
  expect(registered.get('sink')).not.toHaveProperty('tasks.max');
});

test('registers nothing that is not valid, and says all that is wrong', async () => {
  problems = ['topics: none', 'collection: bad'];
  const registering = register(client, connector);
  await expect(registering).rejects.toThrow(InvalidConnectorError);
  await expect(registering).rejects.toThrow(
    'connector sink is not valid:\n  topics: none\n  collection: bad',
  );
  expect(registered.size).toBe(0);
});
