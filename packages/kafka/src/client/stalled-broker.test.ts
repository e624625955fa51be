// A broker that takes connections and is silent: nobody waits for it as long as a request may take.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { anyoneIn, commitOf } from '../testing/commits.ts';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { Cluster } from './cluster.ts';
import { WireFetcher } from './fetcher.ts';
import { TransactionWriter } from './transaction-writer.ts';

const sockets = new Set<Socket>();
let server: Server;
let silent: string;

beforeAll(async () => {
  server = createServer((socket) => sockets.add(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  silent = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

test.each<[string, (cluster: Cluster) => Promise<unknown>]>([
  ['asks for metadata', (cluster) => cluster.refresh(['t'])],
  ['looks for a coordinator', (cluster) => cluster.onCoordinator('group', 'g', async () => {})],
])('who %s asks another broker in time for a heartbeat', async (_what, ask) => {
  const brokers = [silent, '127.0.0.1:1'];
  const cluster = new Cluster({ brokers, clientId: 'test', requestTimeoutMs: 30_000, security: {} });
  const began = performance.now();
  // The other one is not there: that is what is reported.
  await expect(ask(cluster)).rejects.toThrowError('Connection to 127.0.0.1:1 ');
  // Sessions are 10 s long. A busy machine takes longer than the 3 s of the request.
  expect(performance.now() - began).toBeLessThan(8_000);
  await cluster.close();
});

test('requests of a transaction, and fetches, take no longer than a transaction may', async () => {
  const fake = new FakeCluster();
  fake.answers['initProducerId'] = () => ({ producerId: 1n, producerEpoch: 0 });
  fake.answers['addPartitionsToTxn'] = () => ({});
  fake.answers['endTxn'] = () => ({});
  fake.answers['fetch'] = () => [];
  fake.answers['produce'] = () => [{ topic: 't', partition: 0, error: null, baseOffset: 0 }];
  const brokers = ['kafka:1'];
  const cluster = new Cluster({ brokers, clientId: 'test', requestTimeoutMs: 30_000, security: {} });
  const dedicated = vi.spyOn(cluster, 'dedicated');
  const writer = new TransactionWriter(cluster, { transactionalId: 'id', transactionTimeoutMs: 7_000 });
  await writer.open();
  await writer.commit({ ...commitOf(anyoneIn('group'), [['t', 0, 'k', 'v']]), offsets: [] });
  const fetcher = new WireFetcher(cluster);
  await fetcher.fetch([{ topic: 't', partition: 0, offset: 0 }], 1);
  expect(dedicated.mock.calls.map(([, timeoutMs]) => timeoutMs)).toEqual([7_000, 10_000]);
  await fetcher.close();
  fake.restore();
});
