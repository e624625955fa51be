// Ports: the line that says which is taken, for what, and what to set.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { loopback } from '@activity/testbed/process/ports';
import { freePorts } from '../testing/free-ports.ts';
import { checkPorts } from './check-ports.ts';

test('free ports are fine', async () => {
  await expect(checkPorts(await freePorts())).resolves.toBeUndefined();
});

test('a taken port is named with its use and its variable', async () => {
  const ports = await freePorts();
  const server = createServer().listen(ports.kafka, loopback);
  await once(server, 'listening');
  await expect(checkPorts(ports)).rejects.toThrow(
    `port ${ports.kafka}, which the Kafka broker needs, is taken on 127.0.0.1: ` +
      'stop what uses it or set KAFKA_PORT to another port',
  );
  server.close();
});

test('a port that is given twice is named', async () => {
  const ports = await freePorts();
  await expect(checkPorts({ ...ports, query: ports.ingest })).rejects.toThrow(
    `port ${ports.ingest}, which the query service needs, is also set for the edge (ingest)`,
  );
});
