// Chapter 2: stateless steps
//
// A stateless step looks at one record and passes on none, one or many. It needs no memory, so nothing can be
// lost: whatever it passes on commits together with the position in the input.
import { jsonSerde, StreamsBuilder, stringSerde, type KStream } from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { expect, test } from 'vitest';

interface Order {
  customer: string;
  items: string[];
  cents: number;
}

const strings = { key: stringSerde, value: stringSerde };
const orders = { key: stringSerde, value: jsonSerde<Order>() };
const ada: Order = { customer: 'ada', items: ['tea', 'milk'], cents: 450 };
const bob: Order = { customer: 'bob', items: ['tea'], cents: 9_900 };

/** Runs two orders through what `declare` builds; returns what came out of a topic as `key=value`. */
function run(declare: (stream: KStream<string, Order>) => void, topic = 'out'): string[] {
  const builder = new StreamsBuilder();
  declare(builder.stream('orders', orders));
  const driver = new TopologyTestDriver(builder.build());
  const input = driver.input('orders', orders);
  input.pipe('1', ada, 0);
  input.pipe('2', bob, 1);
  const records = driver.output(topic, strings).readAll();
  return records.map(({ key, value }) => `${key}=${value}`);
}

test('filter keeps what a predicate holds for, filterNot the rest', () => {
  const customers = (stream: KStream<string, Order>): void =>
    stream.mapValues((order) => order.customer, { value: stringSerde }).to('out');
  expect(run((stream) => customers(stream.filter((order) => order.cents > 1_000)))).toEqual(['2=bob']);
  expect(run((stream) => customers(stream.filterNot((order) => order.cents > 1_000)))).toEqual(['1=ada']);
});

test('flatMapValues passes on any number of values, in order', () => {
  const items = run((stream) =>
    stream.flatMapValues((order) => order.items, { value: stringSerde }).to('out'),
  );
  expect(items).toEqual(['1=tea', '1=milk', '2=tea']);
});

test('map, selectKey and flatMap change keys', () => {
  const byCustomer = run((stream) =>
    stream.map((id, order) => [order.customer, id], { key: stringSerde, value: stringSerde }).to('out'),
  );
  expect(byCustomer).toEqual(['ada=1', 'bob=2']);
  // A new key belongs to another partition. Nothing moves yet: a step that needs all records of a key in one
  // place, such as `groupByKey` in the next chapter, first sends them through a repartition topic.
});

test('split sends each record down the first branch that takes it', () => {
  function declare(stream: KStream<string, Order>): void {
    const names = stream.mapValues((order) => order.customer, { value: stringSerde });
    const { large, small } = stream
      .split()
      .branch('large', (order) => order.cents > 1_000)
      .defaultBranch('small');
    // Each branch is a property, known to the compiler by its name.
    large.mapValues((order) => order.customer, { value: stringSerde }).to('large');
    small.mapValues((order) => order.customer, { value: stringSerde }).to('small');
    // One stream may go many ways: this one goes on beside the branches.
    names.to('all');
  }
  expect(run(declare, 'large')).toEqual(['2=bob']);
  expect(run(declare, 'small')).toEqual(['1=ada']);
  expect(run(declare, 'all')).toEqual(['1=ada', '2=bob']);
});

test('merge joins two streams of one type', () => {
  const merged = run((stream) => {
    const customers = stream.mapValues((order) => order.customer, { value: stringSerde });
    const items = stream.flatMapValues((order) => order.items, { value: stringSerde });
    customers.merge(items).to('out');
  });
  expect(merged.toSorted()).toEqual(['1=ada', '1=milk', '1=tea', '2=bob', '2=tea']);
});

test('peek looks on, for logs and metrics', () => {
  const seen: string[] = [];
  run((stream) => stream.peek((id) => seen.push(id)).to('out'));
  // What happens outside of Kafka is not part of the transaction:
  // after a crash, a record may be looked at again.
  expect(seen).toEqual(['1', '2']);
});

test('a topic may be chosen by record', () => {
  function declare(stream: KStream<string, Order>): void {
    stream
      .mapValues((order) => order.customer, { value: stringSerde })
      .to(({ value }) => `orders-of-${value}`);
  }
  expect(run(declare, 'orders-of-bob')).toEqual(['2=bob']);
});
