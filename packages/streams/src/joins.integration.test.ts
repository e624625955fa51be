// Joins on a real broker: global tables in every instance, and foreign keys over topics that differ in their
// partitions.
import { uniqueName } from '@activity/kafka/testing';
import { servers } from '@activity/testbed/testing';
import { expect, test } from 'vitest';
import { stringSerde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { joinWindows } from './dsl/join-windows.ts';
import type { Topology } from './topology/topology.ts';
import { runningApps, strings, until } from './testing-support/running-apps.ts';

const apps = runningApps(() => servers().kafka);
const numbers = Array.from({ length: 60 }, (_, n) => n);

function pair(left: string, right: string): string {
  return `${left}:${right}`;
}

test('a global table is read as a whole by each instance before its tasks begin', async () => {
  const input = await apps.witness.createTopic(uniqueName('users'), 4);
  const rows = await apps.witness.createTopic(uniqueName('countries'), 3);
  const output = await apps.witness.createTopic(uniqueName('out'), 1);
  await apps.witness.send(
    rows,
    numbers.map((n) => ({ key: `c${n}`, value: `country ${n}` })),
  );
  await apps.witness.send(
    input,
    numbers.map((n) => ({ key: `u${n}`, value: `c${n}` })),
  );
  const topology = (): Topology => {
    const builder = new StreamsBuilder();
    const countries = builder.globalTable(rows, strings, { store: 'countries' });
    builder
      .stream(input, strings)
      .leftJoin(
        countries,
        (_user, country) => country,
        (country, row) => `${country}=${row ?? 'none'}`,
      )
      .to(output, strings);
    return builder.build();
  };
  const [one, two] = [
    apps.create(topology(), { instanceId: 'one' }),
    apps.create(topology(), { instanceId: 'two' }),
  ];
  await Promise.all([one.streams.start(), two.streams.start()]);
  await apps.untilRunning(one, two);
  await apps.untilCommitted(input);
  const expected = numbers.map((n) => `c${n}=country ${n}`);
  expect(new Set(await apps.valuesIn(output))).toEqual(new Set(expected));
  expect(await apps.valuesIn(output)).toHaveLength(expected.length);
  // Each instance has every row, and follows what is written since.
  await apps.witness.send(rows, [{ key: 'c7', value: 'renamed' }]);
  for (const { streams } of [one, two]) {
    await until(async () => expect(await streams.store('countries').get('c7')).toBe('renamed'));
    expect(await streams.store('countries').all()).toHaveLength(numbers.length);
  }
});

test('tables of different partitions are joined by a foreign key, and streams meet by their new key', async () => {
  const orders = await apps.witness.createTopic(uniqueName('orders'), 4);
  const customers = await apps.witness.createTopic(uniqueName('customers'), 3);
  const [named, met] = [
    await apps.witness.createTopic(uniqueName('named'), 1),
    await apps.witness.createTopic(uniqueName('met'), 1),
  ];
  const builder = new StreamsBuilder();
  const table = builder.table(orders, strings);
  table
    .join(builder.table(customers, strings), (customer) => customer, pair, { value: stringSerde })
    .toStream()
    .to(named, strings);
  const changes = table.toStream().filter((value) => value !== undefined);
  const byCustomer = changes.map((order, customer): [string, string] => [customer ?? '', order], strings);
  byCustomer
    .join(byCustomer, (left, right) => `${left}&${right}`, joinWindows({ within: 0, grace: '1d' }), {
      singleStore: true,
    })
    .to(met, strings);
  const app = apps.create(builder.build());
  await app.streams.start();
  await apps.untilRunning(app);
  await apps.witness.send(
    orders,
    numbers.map((n) => ({ key: `o${n}`, value: `c${n % 10}` })),
  );
  await apps.witness.send(
    customers,
    numbers.slice(0, 10).map((n) => ({ key: `c${n}`, value: `name ${n}` })),
  );
  const expected = new Map(numbers.map((n) => [`o${n}`, `c${n % 10}:name ${n % 10}`]));
  await until(async () => {
    const latest = new Map((await apps.witness.readCommitted(named)).map(({ key, value }) => [key, value]));
    expect(latest).toEqual(expected);
  });
  await until(async () => expect((await apps.valuesIn(met)).length).toBeGreaterThanOrEqual(numbers.length));
});

test('topics that are joined must have equally many partitions: the error says what to do', async () => {
  const orders = await apps.witness.createTopic(uniqueName('orders'), 2);
  const customers = await apps.witness.createTopic(uniqueName('customers'), 3);
  const builder = new StreamsBuilder();
  builder
    .stream(orders, strings)
    .join(builder.table(customers, strings), pair)
    .foreach(() => {});
  await expect(apps.create(builder.build()).streams.start()).rejects.toThrowError(
    `${orders} (2) and ${customers} (3); use repartition() on a stream of one of them, or globalTable()`,
  );
});
