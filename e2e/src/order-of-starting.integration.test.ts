// Any order of starting: services that run before the broker, MongoDB and Kafka Connect do, become ready
// without a restart.
import { defaultTopics } from '@activity/contracts';
import { afterAll, expect, test } from 'vitest';
import { freePort, startBroker, startConnect, startMongo, type LocalServer } from '@activity/testbed';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { ensureTopics } from '@activity/local/parts/topics';
import { startService, type ServiceProcess } from './testing/service-process.ts';

const servers: LocalServer[] = [];
const services: ServiceProcess[] = [];

/** What is promised: a service is ready so soon after the last of its servers. */
const soon = 10_000;

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  for (const server of servers.toReversed()) await server.stop();
});

async function start(
  workspace: Parameters<typeof startService>[0],
  env: Record<string, string>,
): Promise<ServiceProcess> {
  const service = await startService(workspace, { LOG_LEVEL: 'info', ...env });
  services.push(service);
  return service;
}

test('each service becomes ready when its last server comes up', { timeout: 180_000 }, async () => {
  const [kafkaPort, mongoPort, connectPort] = [await freePort(), await freePort(), await freePort()];
  const env = {
    KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
    MONGODB_URI: mongoUrl(mongoPort),
    CONNECT_URL: `http://127.0.0.1:${connectPort}`,
  };
  const query = await start('query', env);
  const edge = await start('ingest', { ...env, QUERY_URL: query.url });
  const processor = await start('processor', env);
  const connectors = await start('connect', env);
  for (const service of services) await service.until(503, 20_000);
  // Its first read, and every readiness probe since, has failed for longer than a connection may take.
  await expect
    .poll(() => query.output(), { timeout: 10_000 })
    .toContain('MongoDB connection failed: retrying');
  for (let probes = 0; probes < 3; probes += 1) expect(await query.readiness()).toBe(503);

  servers.push(await startMongo({ port: mongoPort }));
  await query.until(200, soon);
  expect((await fetch(`${query.url}/api/logs`)).status).toBe(200);
  const tail = await fetch(`${query.url}/api/logs/tail`);
  expect(tail.status).toBe(200);
  await tail.body?.cancel();

  servers.push(await startBroker({ port: kafkaPort }));
  await expect
    .poll(() => processor.output(), { timeout: 40_000 })
    .toMatch(/"reason":"topics [^"]* do not exist[^"]*","msg":"start failed: retrying"/);
  expect([await edge.readiness(), await processor.readiness()]).toEqual([503, 503]);
  await ensureTopics(env.KAFKA_BROKERS, defaultTopics, 2);
  await Promise.all([edge.until(200, soon), processor.until(200, soon)]);

  expect(await connectors.readiness()).toBe(503);
  servers.push(await startConnect({ port: connectPort, brokers: env.KAFKA_BROKERS }));
  await connectors.until(200, soon);

  const event = { userId: 'ada', activityType: 'LOGIN', eventId: 'first' };
  const headers = { 'content-type': 'application/json' };
  const posted = await fetch(`${edge.url}/api/logs`, {
    method: 'POST',
    headers,
    body: JSON.stringify(event),
  });
  expect(posted.status).toBe(201);
  expect((await fetch(`${edge.url}/api/logs/first?userId=ada&wait=10s`)).status).toBe(200);
  for (const service of services) expect(service.exitCode()).toBeNull();
});
