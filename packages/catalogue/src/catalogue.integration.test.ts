// The catalogue on a real broker: it is read, followed, and changed by several at once.
import { createKafka, RecordBatches, RetriableError, type KafkaPort } from '@activity/kafka';
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { nextOf, startInstance, typeOf, type Instance } from './catalogue.fixture.ts';

const config = { 'cleanup.policy': 'compact' };
const kafka = createKafka({ brokers: [servers().kafka], clientId: 'catalogue-test' });
let topic: string;
let made = 0;

async function createTopic(partitions = 1): Promise<string> {
  const name = `types-${process.pid}-${Date.now()}-${made++}`;
  await kafka.createTopics([{ name, partitions, replicationFactor: -1, config }]);
  return name;
}

beforeAll(async () => {
  topic = await createTopic();
});

afterAll(async () => kafka.close());

async function ready(...instances: Instance[]): Promise<void> {
  await vi.waitFor(
    () => expect(instances.map(({ follower }) => follower.isReady)).not.toContain(false),
    10_000,
  );
}

test('a type that one puts is known to the others within a second, and to who starts later', async () => {
  await using one = startInstance(servers().kafka, topic);
  await using other = startInstance(servers().kafka, topic);
  await ready(one, other);
  const name = 'Order Completed – 注文完了';
  await one.changes.change(name, (current) => ({ write: nextOf(name, current) }));
  expect(one.follower.get(name)?.revision).toBe(1);
  const began = performance.now();
  await vi.waitFor(() => expect(other.follower.get(name)?.revision).toBe(1), { timeout: 5_000, interval: 5 });
  expect(performance.now() - began).toBeLessThan(1_000);
  await using later = startInstance(servers().kafka, topic);
  await ready(later);
  expect(later.follower.get(name)).toEqual(typeOf(name, 1));
});

/** One whose first calls of this method fail, as those of a broker that has just started. */
function failingAtFirst(port: KafkaPort, method: keyof KafkaPort): KafkaPort {
  let left = 3;
  return new Proxy(port, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      if (name === method && left-- > 0)
        return async () => Promise.reject(new RetriableError('TIMED_OUT', 'no leader yet'));
      return found.bind(target) as unknown;
    },
  });
}

test.each(['describeTopics', 'listOffsets'] as const)(
  'where %s fails at first, the topic is read all the same',
  async (method) => {
    const shared = await createTopic();
    await using one = startInstance(servers().kafka, shared);
    await ready(one);
    await one.changes.change('a', (current) => ({ write: nextOf('a', current) }));
    await using late = startInstance(servers().kafka, shared, (port) => failingAtFirst(port, method));
    await ready(late);
    expect(late.follower.get('a')?.revision).toBe(1);
  },
);

test('a refused change writes nothing', async () => {
  await using one = startInstance(servers().kafka, topic);
  await ready(one);
  const decision = await one.changes.change('never', () => ({ refuse: 'no' }));
  expect(decision).toEqual({ refuse: 'no' });
  expect(one.follower.records.has('never')).toBe(false);
});

test.each([1, 4])('changes of one type by three at once lose none: %i partitions', async (partitions) => {
  const shared = await createTopic(partitions);
  await using a = startInstance(servers().kafka, shared);
  await using b = startInstance(servers().kafka, shared);
  await using c = startInstance(servers().kafka, shared);
  await ready(a, b, c);
  const each = 8;
  const seen: number[] = [];
  await Promise.all(
    [a, b, c].map(async ({ changes }) => {
      for (let i = 0; i < each; i++) {
        const decision = await changes.change('busy', (current) => ({ write: nextOf('busy', current) }));
        seen.push('write' in decision ? decision.write.revision : -1);
      }
    }),
  );
  // Each change was made on what the one before has left.
  expect(seen.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 3 * each }, (_, i) => i + 1));
  for (const { follower } of [a, b, c]) {
    await follower.catchUp(5_000);
    expect(follower.get('busy')?.revision).toBe(3 * each);
  }
});

describe('what is in the topic', () => {
  test('records that are no types are logged and left out', async () => {
    const shared = await createTopic();
    await using one = startInstance(servers().kafka, shared);
    await ready(one);
    const writer = kafka.createWriter({ transactionalId: null, transactionTimeoutMs: 10_000 });
    await writer.open();
    const records = new RecordBatches();
    for (const [key, value] of [
      ['a', '{'],
      ['b', '{"name":"b"}'],
      ['c', JSON.stringify(typeOf('d', 1))],
      ['e', JSON.stringify(typeOf('e', 1))],
    ] as const)
      records.append(shared, 0, Date.now(), key, value, []);
    await writer.commit({ records, offsets: [], group: undefined });
    await writer.close();
    await one.follower.catchUp(5_000);
    expect([...one.follower.records.keys()]).toEqual(['e']);
    expect(one.logged.filter((line) => line.includes('not readable'))).toHaveLength(3);
  });

  test('a topic that is made later is found, and one that is another is read from its beginning', async () => {
    const name = `types-later-${process.pid}-${Date.now()}`;
    await using one = startInstance(servers().kafka, name);
    await ready(one);
    expect(one.logged).toEqual([
      'there is no topic for the catalogue of types: only ACTIVITY_TYPES are registered',
    ]);
    const wanted = [{ name, partitions: 1, replicationFactor: -1, config }];
    await kafka.createTopics(wanted);
    await vi.waitFor(() => expect(one.follower.failure).toBeUndefined(), 10_000);
    await one.changes.change('x', (current) => ({ write: nextOf('x', current) }));
    await one.changes.change('x', (current) => ({ write: nextOf('x', current) }));
    await kafka.deleteTopics([name]);
    await vi.waitFor(() => expect(one.follower.failure).toBeDefined(), 20_000);
    // What was read last stays.
    expect(one.follower.get('x')?.revision).toBe(2);
    await kafka.createTopics(wanted);
    await vi.waitFor(() => expect(one.follower.get('x')).toBeUndefined(), 20_000);
    await one.changes.change('y', (current) => ({ write: nextOf('y', current) }));
    expect([...one.follower.records.keys()]).toEqual(['y']);
  });
});
