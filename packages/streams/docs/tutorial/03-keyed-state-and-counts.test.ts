// Chapter 3: keyed state and counts
//
// To count, a step must remember. It does so by key, in a store: all records of a key are in one partition,
// each partition is worked on by one task, and each task has its own part of the store on the machine it runs
// on. No lock, no network.
import { jsonSerde, numberSerde, StreamsBuilder, stringSerde, type KTable } from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const strings = { key: stringSerde, value: stringSerde };
const numbers = { key: stringSerde, value: numberSerde };

describe('count', () => {
  const builder = new StreamsBuilder();
  builder.stream('clicks', strings).groupByKey().count({ store: 'clicks-by-user' }).toStream().to('counts');
  const topology = builder.build();

  test('returns a table: each change of a count is a record', () => {
    const driver = new TopologyTestDriver(topology);
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('bob', '/home', 1);
    clicks.pipe('ada', '/cart', 2);
    const counts = driver.output('counts', numbers).readAll();
    expect(counts.map(({ key, value }) => `${key}=${value}`)).toEqual(['ada=1', 'bob=1', 'ada=2']);
    // The store can be looked at, here by the driver, in a running application by `streams.store(…)`.
    expect([...driver.keyValueStore<string, number>('clicks-by-user').all()]).toEqual([
      ['ada', 2],
      ['bob', 1],
    ]);
  });

  test('writes a changelog, from which a lost store is made again', () => {
    const driver = new TopologyTestDriver(topology, { applicationId: 'shop' });
    driver.input('clicks', strings).pipe('ada', '/home', 0);
    const changelog = driver.output('shop-clicks-by-user-changelog', numbers);
    expect(changelog.readAll()).toMatchObject([{ key: 'ada', value: 1 }]);
    driver.crash();
    expect(driver.keyValueStore<string, number>('clicks-by-user').get('ada')).toBe(1);
  });

  test('drops records without a key or a value, and says so', () => {
    const dropped: string[] = [];
    const metrics = { dropped: (_task: string, reason: string) => dropped.push(reason) };
    const driver = new TopologyTestDriver(topology, { metrics });
    driver.input('clicks', strings).pipe(undefined, '/home', 0);
    expect(dropped).toEqual(['null-key-or-value']);
  });
});

test('grouping by another key goes through a repartition topic', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('clicks', strings)
    .groupBy((_user, page) => page, { key: stringSerde, name: 'by-page' })
    .count()
    .toStream()
    .to('counts');
  const topology = builder.build();
  // Two sub-topologies, with a topic of the application's own between them.
  expect(topology.subTopologies).toHaveLength(2);
  expect(topology.repartitionTopics).toMatchObject([{ name: 'by-page-repartition' }]);

  const driver = new TopologyTestDriver(topology, { partitions: 3 });
  const clicks = driver.input('clicks', strings);
  // Three users in whatever partitions; all their clicks on a page meet in one.
  for (const user of ['ada', 'bob', 'eve']) clicks.pipe(user, '/home', 0);
  const counts = driver.output('counts', numbers).readAll();
  expect(counts.map(({ key, value }) => `${key}=${value}`)).toEqual(['/home=1', '/home=2', '/home=3']);
});

describe('other aggregates', () => {
  test('reduce joins values of one type', () => {
    const builder = new StreamsBuilder();
    const amounts = builder.stream('amounts', numbers);
    amounts
      .groupByKey()
      .reduce((sum, amount) => sum + amount)
      .toStream()
      .to('sums');
    const driver = new TopologyTestDriver(builder.build());
    const input = driver.input('amounts', numbers);
    input.pipe('ada', 10, 0);
    input.pipe('ada', 5, 1);
    expect(driver.output('sums', numbers).readAll().at(-1)?.value).toBe(15);
  });

  test('aggregate joins records into something else', () => {
    interface Visit {
      pages: string[];
      last: string;
    }
    const builder = new StreamsBuilder();
    builder
      .stream('clicks', strings)
      .groupByKey()
      .aggregate<Visit>(
        () => ({ pages: [], last: '' }),
        // A new object each time: the old one is still what the row was before.
        (_user, page, { pages }) => ({ pages: [...pages, page], last: page }),
        { value: jsonSerde() },
      )
      .toStream()
      .to('visits');
    const driver = new TopologyTestDriver(builder.build());
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/home', 0);
    clicks.pipe('ada', '/cart', 1);
    const visits = driver.output('visits', { key: stringSerde, value: jsonSerde<Visit>() });
    expect(visits.readAll().at(-1)?.value).toEqual({ pages: ['/home', '/cart'], last: '/cart' });
  });

  test('the result has the highest event time that went into it', () => {
    const builder = new StreamsBuilder();
    builder.stream('clicks', strings).groupByKey().count().toStream().to('counts');
    const driver = new TopologyTestDriver(builder.build());
    const clicks = driver.input('clicks', strings);
    clicks.pipe('ada', '/cart', 20);
    clicks.pipe('ada', '/home', 10);
    expect(
      driver
        .output('counts', numbers)
        .readAll()
        .map(({ timestamp }) => timestamp),
    ).toEqual([20, 20]);
  });
});

describe('tables', () => {
  // A topic can be read as a table from the start: the newest value of each key. A record without a value
  // removes its row.
  function citizens(declare: (users: KTable<string, string>) => KTable<string, number>): TopologyTestDriver {
    const builder = new StreamsBuilder();
    declare(builder.table('users', strings)).toStream().to('out');
    return new TopologyTestDriver(builder.build());
  }

  test('know what a row was before, so that it can be taken out again', () => {
    // Users by city. Ada moves: one city loses her, another gains her.
    const driver = citizens((users) => users.groupBy((user, city) => [city, user], strings).count());
    const users = driver.input('users', strings);
    users.pipe('ada', 'London', 0);
    users.pipe('bob', 'London', 1);
    users.pipe('ada', 'Paris', 2);
    const counts = driver.output('out', numbers).readAll();
    expect(counts.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'London=1',
      'London=2',
      'London=1',
      'Paris=1',
    ]);
  });
});

test('where values in between matter to nobody, they need not come out', () => {
  // `emit: 'commit'` keeps a table's changes back until the commit, and then gives each key's last one only.
  // A commit comes every 100 ms: a key that changes a thousand times in it costs one record downstream.
  // `coalesce()` does the same for a stream.
  const builder = new StreamsBuilder();
  builder.stream('clicks', strings).groupByKey().count({ emit: 'commit' }).toStream().to('counts');
  const driver = new TopologyTestDriver(builder.build(), { commits: 'manual' });
  const clicks = driver.input('clicks', strings);
  for (let i = 0; i < 1_000; i++) clicks.pipe('ada', '/home', i);
  driver.commit();
  expect(
    driver
      .output('counts', numbers)
      .readAll()
      .map(({ value }) => value),
  ).toEqual([1_000]);
});
