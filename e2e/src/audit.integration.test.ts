// Keys change while traffic runs through two edges: no request of a good key is refused, none of a revoked
// one is taken for long, and each change is in GET /api/audit once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { topicEnvironment, topicsNamed, topicsOf } from '@activity/contracts';
import { ensureTopics } from '@activity/local/parts/topics';
import { projectRoot } from '@activity/testbed/paths';
import { run } from '@activity/testbed/process/run';
import { servers } from '@activity/testbed/testing';
import { afterAll, assert, beforeAll, expect, test, vi } from 'vitest';
import { startService, type ServiceProcess } from './testing/service-process.ts';

const names = topicEnvironment(topicsNamed('audited'));
const folder = mkdtempSync(join(tmpdir(), 'activity-audit-'));
const file = join(folder, 'api-keys.json');
const services: ServiceProcess[] = [];
let env: Record<string, string>;
let edges: ServiceProcess[];
let query: ServiceProcess;
let admin: string;

interface Line {
  id: string;
  at: string;
  action: string;
  target: string;
  actor: { keyId?: string; name?: string };
  details: Record<string, unknown>;
}

/** `npm run keys`, in the name of somebody. Returns what it prints. */
async function keys(...args: string[]): Promise<string> {
  const tool = join(projectRoot, 'packages', 'service', 'src', 'keys', 'cli.ts');
  const { output, code } = await run({
    file: process.execPath,
    args: [tool, ...args],
    env: { API_KEYS_FILE: file },
  });
  if (code !== 0) throw new Error(output);
  return output;
}

async function makeKey(name: string, scopes: string, by: string): Promise<string> {
  const [key] = /act_\S+/.exec(await keys('create', '--name', name, '--scope', scopes, '--by', by)) ?? [];
  assert.exists(key);
  return key;
}

const idOf = (key: string): string => key.split('_')[1] ?? '';

async function started(service: 'ingest' | 'query' | 'processor' | 'connect'): Promise<ServiceProcess> {
  const one = await startService(service, env);
  services.push(one);
  return one;
}

async function lines(parameters = ''): Promise<Line[]> {
  const headers = { authorization: `Bearer ${admin}` };
  const response = await fetch(`${query.url}/api/audit?limit=200${parameters}`, { headers });
  expect(response.status).toBe(200);
  return ((await response.json()) as { data: Line[] }).data;
}

/** Waits until the audit has these, the oldest first, and nothing else. */
async function audited(expected: [action: string, target: string, by: string | undefined][]): Promise<void> {
  await vi.waitFor(
    async () => {
      const found = (await lines()).map(({ action, target, actor }) => [action, target, actor.name]);
      expect(found.toReversed()).toEqual(expected);
    },
    { timeout: 30_000, interval: 200 },
  );
}

async function post(edge: ServiceProcess, key: string, eventId: string): Promise<number> {
  const response = await fetch(`${edge.url}/api/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ eventId, userId: `user-${eventId.length}`, activityType: 'LOGIN' }),
  });
  await response.body?.cancel();
  return response.status;
}

beforeAll(async () => {
  const { kafka, connect, mongodb: mongo } = servers();
  const uri = new URL(mongo);
  uri.pathname = '/audited';
  env = {
    ...names,
    KAFKA_BROKERS: kafka,
    KAFKA_GROUP_ID: 'audited',
    MONGODB_URI: uri.href,
    CONNECT_URL: connect,
    CONNECTOR_PREFIX: 'audited',
    API_KEYS_FILE: file,
    STATE_DIR: join(folder, 'processor'),
    LOG_LEVEL: 'warn',
  };
  await ensureTopics(kafka, topicsOf(names), 3);
  admin = await makeKey('operator', 'read,admin,delete', 'root');
  edges = await Promise.all([started('ingest'), started('ingest')]);
  query = await started('query');
  for (const one of [...services, await started('processor'), await started('connect')])
    await one.until(200, 120_000);
}, 240_000);

afterAll(async () => {
  await Promise.all(services.map((one) => one.stop()));
  rmSync(folder, { recursive: true });
});

/** Posts through every edge until it is ended; notes what was taken and what was not. */
class Traffic {
  readonly taken: string[] = [];
  readonly refused: string[] = [];
  key: string;
  #ended = false;
  readonly #working: Promise<unknown>;

  constructor(key: string) {
    this.key = key;
    this.#working = Promise.all(edges.map(async (edge, number) => this.#post(edge, number)));
    // It is looked at when the traffic ends.
    this.#working.catch(() => undefined);
  }

  async #post(edge: ServiceProcess, number: number): Promise<void> {
    for (let n = 0; !this.#ended; n++) {
      const eventId = `edge-${number}-event-${n}`;
      const status = await post(edge, this.key, eventId);
      if (status === 201) this.taken.push(eventId);
      else this.refused.push(`${eventId}: ${status}`);
      await sleep(2);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#working;
  }
}

/** Waits until every edge returns a status to a key; returns how long that took, in milliseconds. */
async function everywhere(key: string, status: number): Promise<number> {
  const began = performance.now();
  await vi.waitFor(
    async () => {
      for (const edge of edges) assert.equal(await post(edge, key, 'probe'), status);
    },
    { timeout: 10_000, interval: 20 },
  );
  return performance.now() - began;
}

test('keys change under traffic: nothing good is refused, and each change is in the audit once', async () => {
  const expected: [string, string, string | undefined][] = [['key.created', idOf(admin), 'root']];
  const first = await makeKey('web', 'ingest', 'ann');
  expected.push(['key.created', idOf(first), 'ann']);
  expect(await everywhere(first, 201)).toBeLessThan(2_000);
  const traffic = new Traffic(first);
  await sleep(500);

  // The key is rotated.
  const second = await makeKey('web', 'ingest', 'bob');
  expected.push(['key.created', idOf(second), 'bob']);
  await everywhere(second, 201);
  traffic.key = second;
  // What was sent with the first key has come back.
  await sleep(200);
  await keys('revoke', idOf(first), '--by', 'eve');
  expected.push(['key.revoked', idOf(first), 'eve']);
  expect(await everywhere(first, 401)).toBeLessThan(2_000);
  await audited(expected);

  // By hand, as in a mounted Secret: a key gets another scope, and one goes.
  const other = await makeKey('other', 'read', 'ann');
  expected.push(['key.created', idOf(other), 'ann']);
  await audited(expected);
  const kept = JSON.parse(readFileSync(file, 'utf8')) as { keys: { id: string; scopes: string[] }[] };
  for (const entry of kept.keys) if (entry.id === idOf(second)) entry.scopes.push('read');
  writeFileSync(file, JSON.stringify(kept));
  expected.push(['key.changed', idOf(second), undefined]);
  await audited(expected);
  expect((await lines(`&target=${idOf(second)}`))[0]?.details).toEqual({
    name: 'web',
    scopes: ['ingest', 'read'],
  });
  kept.keys = kept.keys.filter(({ id }) => id !== idOf(other));
  writeFileSync(file, JSON.stringify(kept));
  expected.push(['key.removed', idOf(other), undefined]);
  await audited(expected);

  // A public key of web pages gets other origins.
  const pages = ['--name', 'pages', '--public', '--origin', 'https://shop.example', '--by', 'ann'];
  const [shop = ''] = /act_pub_\S+/.exec(await keys('create', ...pages)) ?? [];
  const shopId = shop.split('_')[2] ?? '';
  const preflight = async (origin: string): Promise<string | null> => {
    const asking = { origin, 'access-control-request-method': 'POST' };
    const answer = await fetch(`${edges[0]?.url}/api/logs`, { method: 'OPTIONS', headers: asking });
    return answer.headers.get('access-control-allow-origin');
  };
  await vi.waitFor(async () => assert.equal(await preflight('https://shop.example'), 'https://shop.example'));
  expected.push(['key.created', shopId, 'ann']);
  await audited(expected);
  await keys('origins', shopId, '--origin', 'https://new.example', '--by', 'bob');
  await vi.waitFor(async () => assert.equal(await preflight('https://new.example'), 'https://new.example'));
  expect(await preflight('https://shop.example')).toBeNull();
  expected.push(['key.changed', shopId, 'bob']);
  await audited(expected);

  // A type is registered, and deleted.
  const typePath = `${edges[0]?.url}/api/types/${encodeURIComponent('Order Completed')}`;
  const asAdmin = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
  const schema = { type: 'object', properties: { total: { type: 'number' } } };
  const put = { method: 'PUT', headers: asAdmin, body: JSON.stringify({ schema }) };
  expect(
    (await fetch(typePath, { ...put, headers: { ...asAdmin, authorization: `Bearer ${second}` } })).status,
  ).toBe(403);
  expect((await fetch(typePath, put)).status).toBe(201);
  expected.push(['type.put', 'Order Completed', 'operator']);
  expect((await fetch(typePath, { method: 'DELETE', headers: asAdmin })).ok).toBe(true);
  expected.push(['type.deleted', 'Order Completed', 'operator']);
  await audited(expected);

  // Deletes are noted with the key that asked for them.
  const headers = { authorization: `Bearer ${admin}` };
  const [edge] = edges;
  assert.exists(edge);
  const deleted = await fetch(`${edge.url}/api/users/user-nobody`, { method: 'DELETE', headers });
  expect(deleted.status).toBe(202);
  const [erasure] = await vi.waitFor(
    async () => {
      const found = await lines('&kind=user');
      assert.lengthOf(found, 1);
      return found;
    },
    { timeout: 10_000 },
  );
  expect(erasure).toMatchObject({ action: 'user.erased', actor: { keyId: idOf(admin), name: 'operator' } });
  expect(JSON.stringify(erasure)).not.toContain('nobody');
  const receipts = await vi.waitFor(
    async () => {
      const response = await fetch(`${query.url}/api/erasures`, { headers });
      const { data } = (await response.json()) as { data: { requestedAt: string; userId: string }[] };
      assert.isNotEmpty(data);
      return data;
    },
    { timeout: 60_000, interval: 200 },
  );
  expect(receipts).toMatchObject([{ requestedAt: erasure?.target, userId: 'user-nobody' }]);

  await traffic.end();
  expect(traffic.refused).toEqual([]);
  expect(traffic.taken.length).toBeGreaterThan(100);
  // Nothing that was taken is lost.
  await vi.waitFor(
    async () => {
      const response = await fetch(`${query.url}/api/pipeline`, { headers });
      const { ledger } = (await response.json()) as { ledger: { enriched: number } };
      // The probes are one event.
      assert.equal(ledger.enriched, traffic.taken.length + 1);
    },
    { timeout: 60_000, interval: 200 },
  );

  // While no edge runs a key is revoked: the next start finds it.
  for (const one of edges) await one.stop();
  await keys('revoke', idOf(second), '--by', 'ann');
  edges = await Promise.all([started('ingest'), started('ingest')]);
  for (const one of edges) await one.until(200, 60_000);
  await vi.waitFor(
    async () => {
      const found = await lines(`&target=${idOf(second)}`);
      assert.deepEqual(
        found.map(({ action }) => action),
        ['key.revoked', 'key.changed', 'key.created'],
      );
    },
    { timeout: 30_000, interval: 200 },
  );
  expect(new Set((await lines()).map(({ id }) => id)).size).toBe(expected.length + 2);
  const text = JSON.stringify(await lines());
  for (const { hash } of JSON.parse(readFileSync(file, 'utf8')).keys as { hash: string }[])
    expect(text).not.toContain(hash);
}, 240_000);
