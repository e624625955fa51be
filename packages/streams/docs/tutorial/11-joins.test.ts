// Chapter 11: joins
//
// A join brings together what several topics know of one thing. What it is joined with decides which join it
// is: a stream meets the records of another stream that are near it in time; it meets the row that a table
// has at that moment; and two tables make a third one, which changes with either of them.
import { joinWindows, jsonSerde, numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';
import { TopologyTestDriver, type TestInputTopic } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const strings = { key: stringSerde, value: stringSerde };
const minute = 60_000;

/** Everything that has come out so far, as `key: value`. */
function read(driver: TopologyTestDriver): string[] {
  return driver
    .output('out', strings)
    .readAll()
    .map(({ key, value }) => `${key}: ${value}`);
}

describe('two streams', () => {
  const builder = new StreamsBuilder();
  const views = builder.stream('views', strings);
  const clicks = builder.stream('clicks', strings);
  // A click belongs to a view of the same user when it is at most five minutes later. Records that are out of
  // order still find each other until a minute more has passed.
  const windows = joinWindows({ before: 0, after: '5m', grace: '1m' });
  views
    .leftJoin(clicks, (view, click) => `${view} ${click ?? 'without a click'}`, windows)
    .to('out', strings);
  const topology = builder.build();

  test('meet where they are near in time, whichever comes first', () => {
    const driver = new TopologyTestDriver(topology);
    const view = driver.input('views', strings);
    const click = driver.input('clicks', strings);
    view.pipe('ada', 'shop', 0);
    click.pipe('ada', 'buy', 4 * minute);
    click.pipe('bob', 'buy', 5 * minute);
    view.pipe('bob', 'home', 3 * minute);
    expect(read(driver)).toEqual(['ada: shop buy', 'bob: home buy']);
  });

  test('a left join lets a record out alone once nothing can meet it any more', () => {
    const driver = new TopologyTestDriver(topology);
    const view = driver.input('views', strings);
    view.pipe('ada', 'shop', 0);
    // Its window and the grace end at six minutes. Time goes by what either stream brings.
    view.pipe('bob', 'home', 6 * minute);
    expect(read(driver)).toEqual([]);
    view.pipe('bob', 'help', 6 * minute + 1);
    expect(read(driver)).toEqual(['ada: shop without a click']);
  });
});

describe('a stream and a table', () => {
  test('each record meets the row that its key has when it is processed', () => {
    const builder = new StreamsBuilder();
    const customers = builder.table('customers', strings);
    builder
      .stream('orders', strings)
      .join(customers, (order, city) => `${order} to ${city}`)
      .to('out', strings);
    const driver = new TopologyTestDriver(builder.build());
    const customer = driver.input('customers', strings);
    const order = driver.input('orders', strings);
    customer.pipe('ada', 'London', 0);
    order.pipe('ada', 'tea', 1);
    customer.pipe('ada', 'Paris', 2);
    order.pipe('ada', 'wine', 3);
    order.pipe('bob', 'beer', 4);
    // A new row changes nothing that was joined before, and without a row there is nothing to join with. On a
    // broker, a task that starts first reads what the topic of the table has: see `maxTaskIdleMs`.
    expect(read(driver)).toEqual(['ada: tea to London', 'ada: wine to Paris']);
  });

  test('a versioned table still has the rows of the record’s time', () => {
    const builder = new StreamsBuilder();
    const prices = builder.table(
      'prices',
      { key: stringSerde, value: numberSerde },
      { historyRetention: '1h' },
    );
    builder
      .stream('orders', { key: stringSerde, value: numberSerde })
      .join(prices, (pieces, price) => `${pieces * price}`, { grace: '1m' })
      .to('out', strings);
    const driver = new TopologyTestDriver(builder.build());
    const price = driver.input('prices', { key: stringSerde, value: numberSerde });
    const order = driver.input('orders', { key: stringSerde, value: numberSerde });
    price.pipe('tea', 5, 0);
    price.pipe('tea', 7, 10 * minute);
    order.pipe('tea', 2, 9 * minute);
    // With a grace, records wait for rows that come late. This one has waited a minute when the next one
    // comes.
    order.pipe('tea', 2, 10 * minute);
    expect(read(driver)).toEqual(['tea: 10']);
  });
});

describe('a global table', () => {
  test('is joined by any key: every instance has all of it', () => {
    const builder = new StreamsBuilder();
    const countries = builder.globalTable('countries', strings);
    builder
      .stream('users', strings)
      .leftJoin(
        countries,
        (_user, code) => code,
        (code, name) => name ?? `somewhere (${code})`,
      )
      .to('out', strings);
    const driver = new TopologyTestDriver(builder.build());
    driver.input('countries', strings).pipe('gb', 'Great Britain', 0);
    const user = driver.input('users', strings);
    user.pipe('ada', 'gb', 1);
    user.pipe('bob', 'xx', 2);
    expect(read(driver)).toEqual(['ada: Great Britain', 'bob: somewhere (xx)']);
  });
});

describe('two tables', () => {
  interface Order {
    customer: string;
    amount: number;
  }
  const orders = { key: stringSerde, value: jsonSerde<Order>() };

  /** A driver with tables of orders and of customers, joined by the orders' customers. */
  function start(): {
    driver: TopologyTestDriver;
    order: TestInputTopic<string, Order>;
    customer: TestInputTopic<string, string>;
  } {
    const builder = new StreamsBuilder();
    builder
      .table('orders', orders)
      .join(
        builder.table('customers', strings),
        ({ customer }) => customer,
        ({ amount }, name) => `${amount} by ${name}`,
        { name: 'orders-by-customer', value: stringSerde },
      )
      .toStream()
      .to('out', strings);
    const driver = new TopologyTestDriver(builder.build(), { partitions: 3 });
    return { driver, order: driver.input('orders', orders), customer: driver.input('customers', strings) };
  }

  test('are joined by a foreign key, and the result follows both', () => {
    const { driver, order, customer } = start();
    customer.pipe('c1', 'Ada', 0);
    order.pipe('o1', { customer: 'c1', amount: 5 }, 1);
    customer.pipe('c1', 'Ada Lovelace', 2);
    order.pipe('o1', { customer: 'c2', amount: 5 }, 3);
    customer.pipe('c2', 'Bob', 4);
    // The order belongs to nobody that is known until the second customer is there: its row goes meanwhile.
    expect(read(driver)).toEqual(['o1: 5 by Ada', 'o1: 5 by Ada Lovelace', 'o1: undefined', 'o1: 5 by Bob']);
  });

  test('and a crash changes nothing', () => {
    const { driver, order, customer } = start();
    order.pipe('o1', { customer: 'c1', amount: 5 }, 1);
    driver.crash();
    customer.pipe('c1', 'Ada', 2);
    expect(read(driver)).toEqual(['o1: 5 by Ada']);
  });
});
