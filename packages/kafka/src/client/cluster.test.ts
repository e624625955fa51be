// What a broker said is forgotten when it turns out to be wrong: leaders, coordinators, and which broker can
// be asked.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RetriableError } from '../errors.ts';
import { anyoneIn, commitOf } from '../testing/commits.ts';
import { FakeCluster } from '../testing/fake-cluster.ts';
import { Cluster } from './cluster.ts';
import { WireFetcher } from './fetcher.ts';
import { TransactionWriter } from './transaction-writer.ts';
import { createKafka } from './wire-port.ts';

let fake: FakeCluster;
let cluster: Cluster;
const options = { brokers: ['kafka:1'], clientId: 'test', requestTimeoutMs: 1000, security: {} };
const t0 = { topic: 't', partition: 0 };

beforeEach(() => {
  fake = new FakeCluster();
  cluster = new Cluster(options);
});

afterEach(() => fake.restore());

describe('a leader', () => {
  test('that was not there is asked for again', async () => {
    fake.leaders = [-1];
    await expect(cluster.leaders([t0])).rejects.toThrowError('t-0 has no leader now');
    fake.leaders = [2];
    expect([...(await cluster.leaders([t0])).keys()]).toEqual([2]);
  });

  test('of a partition that was added is asked for', async () => {
    await cluster.leaders([t0]);
    const added = { topic: 't', partition: 1 };
    fake.leaders = [1, 3];
    await expect(cluster.leaders([added])).rejects.toThrowError(RetriableError);
    expect([...(await cluster.leaders([added])).keys()]).toEqual([3]);
  });

  test('that has left the cluster is asked for again, whoever named it', async () => {
    fake.leaders = [3];
    await cluster.leaders([t0]);
    fake.down.add(3);
    fake.leaders = [2];
    await cluster.refresh(['another']);
    await expect(cluster.leaders([t0])).rejects.toThrowError(RetriableError);
    expect([...(await cluster.leaders([t0])).keys()]).toEqual([2]);
  });

  test('an output partition lost is asked for again by the next writer', async () => {
    fake.leaders = [3];
    fake.answers['initProducerId'] = () => ({ producerId: 1n, producerEpoch: 0 });
    fake.answers['produce'] = (port) => {
      if (port === 3) fake.down.add(3);
      if (port === 3) throw new RetriableError('CONNECTION_LOST', 'producing: ECONNRESET');
      return [{ topic: 't', partition: 0, error: null, baseOffset: 7 }];
    };
    const commit = commitOf(anyoneIn('group'), [['t', 0, 'k', 'v']]);
    const failing = new TransactionWriter(cluster, { transactionalId: null, transactionTimeoutMs: 1000 });
    await failing.open();
    await expect(failing.commit(commit)).rejects.toThrowError('ECONNRESET');
    fake.leaders = [2];
    const next = new TransactionWriter(cluster, { transactionalId: null, transactionTimeoutMs: 1000 });
    await next.open();
    expect(await next.commit(commit)).toEqual(new Map([['t-0', 8]]));
    expect(fake.portsOf('produce')).toEqual([3, 2]);
  });

  test('that is being elected is waited for before anything is written', async () => {
    fake.leaders = [-1];
    fake.answers['initProducerId'] = () => ({ producerId: 1n, producerEpoch: 0 });
    fake.answers['produce'] = () => [{ topic: 't', partition: 0, error: null, baseOffset: 0 }];
    const writer = new TransactionWriter(cluster, { transactionalId: null, transactionTimeoutMs: 1000 });
    await writer.open();
    const commit = writer.commit(commitOf(anyoneIn('group'), [['t', 0, 'k', 'v']]));
    await sleep(100);
    fake.leaders = [2];
    expect(await commit).toEqual(new Map([['t-0', 1]]));
  });

  test('an input partition lost is asked for again by the same fetcher', async () => {
    fake.leaders = [3];
    fake.answers['fetch'] = () => [];
    const fetcher = new WireFetcher(cluster);
    const position = { ...t0, offset: 0 };
    await fetcher.fetch([position], 1);
    fake.down.add(3);
    await expect(fetcher.fetch([position], 1)).rejects.toThrowError('ECONNREFUSED');
    fake.leaders = [1];
    await fetcher.fetch([position], 1);
    expect(fake.portsOf('fetch')).toEqual([3, 3, 1]);
    await fetcher.close();
  });
});

describe('any broker', () => {
  test('that can be reached is asked, those that others named too', async () => {
    await cluster.refresh(['t']);
    fake.down.add(1);
    await cluster.refresh(['t']);
    await cluster.refresh(['t']);
    expect(fake.portsOf('metadata')).toEqual([1, 1, 2, 2]);
  });

  test('opens a producer without transactions, and creates and deletes topics', async () => {
    const kafka = createKafka(options);
    await kafka.describeTopics(['t']);
    fake.down.add(1);
    fake.answers['initProducerId'] = () => ({ producerId: 1n, producerEpoch: 0 });
    fake.answers['createTopics'] = () => ({ topics: [{ name: 't', errorCode: 0, errorMessage: null }] });
    fake.answers['deleteTopics'] = () => ({ responses: [] });
    await kafka.createWriter({ transactionalId: null, transactionTimeoutMs: 1000 }).open();
    await kafka.createTopics([{ name: 't', partitions: 1, replicationFactor: -1, config: {} }]);
    await kafka.deleteTopics(['t']);
    for (const request of ['initProducerId', 'createTopics', 'deleteTopics'])
      expect([request, fake.portsOf(request).at(-1)]).not.toEqual([request, 1]);
  });

  test('none: the error names what was being done', async () => {
    for (const port of [1, 2, 3]) fake.down.add(port);
    await expect(cluster.refresh(['t'])).rejects.toThrowError('asking for metadata: ECONNREFUSED');
  });
});
