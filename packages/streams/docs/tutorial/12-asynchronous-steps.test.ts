// Chapter 12: asynchronous steps
//
// A step may await: a request to a service, a query of a database. Many calls are in flight at once, and the
// result of each goes on with the key, the time and the headers of its own record. A commit waits for the
// calls in flight, so a result is committed exactly once, together with the offset of its record. The call
// itself may be made more than once: after a failure, a crash or an abort. Let it be idempotent.
import { numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const strings = { key: stringSerde, value: stringSerde };

/** What has come out so far, as `key: value`. */
function read(driver: TopologyTestDriver, topic = 'out'): string[] {
  return driver
    .output(topic, strings)
    .readAll()
    .map(({ key, value }) => `${key}: ${value}`);
}

/** A service that answers when a test says so. */
function service(): {
  ask: (question: string) => Promise<string>;
  answer: (question: string, text: string) => void;
  fail: (question: string) => void;
  asked: string[];
} {
  const open = new Map<string, PromiseWithResolvers<string>>();
  const asked: string[] = [];
  return {
    ask(question) {
      const waiting = Promise.withResolvers<string>();
      open.set(question, waiting);
      asked.push(question);
      return waiting.promise;
    },
    answer: (question, text) => open.get(question)?.resolve(text),
    fail: (question) => open.get(question)?.reject(new Error('not now')),
    asked,
  };
}

describe('calls', () => {
  test('of different keys are in flight together, and settle in any order', async () => {
    const { ask, answer, asked } = service();
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .mapValuesAsync((city) => ask(city), { value: stringSerde, maxInFlight: 100 })
      .to('out');
    const driver = new TopologyTestDriver(builder.build());
    const input = driver.input('in', strings);
    input.pipe('ada', 'London', 0);
    input.pipe('bob', 'Oslo', 1);
    input.pipe('ada', 'Paris', 2);
    // The second record of ada waits until the first one has its result: order: 'key' keeps their order.
    expect(asked).toEqual(['London', 'Oslo']);
    answer('Oslo', 'snow');
    await driver.settle();
    // Nothing is committed while a call is in flight.
    expect(read(driver)).toEqual([]);
    answer('London', 'rain');
    await driver.settle();
    answer('Paris', 'sun');
    await driver.settle();
    expect(read(driver)).toEqual(['bob: snow', 'ada: rain', 'ada: sun']);
  });

  test('are made again after a crash, and the result is there once', async () => {
    const { ask, answer, asked } = service();
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .mapValuesAsync((city) => ask(city), { value: stringSerde })
      .to('out');
    const driver = new TopologyTestDriver(builder.build());
    driver.input('in', strings).pipe('ada', 'London', 0);
    driver.crash();
    driver.commit();
    expect(asked).toEqual(['London', 'London']);
    answer('London', 'rain');
    await driver.settle();
    expect(read(driver)).toEqual(['ada: rain']);
  });
});

describe('a call that fails', () => {
  test('is made again after a back-off, and then goes to onFailed', async () => {
    const { ask, fail, asked } = service();
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .mapValuesAsync((city) => ask(city), {
        value: stringSerde,
        retries: 1,
        backoff: { from: '1s', to: '1s' },
        // Without it the record is a failure of the stage `processing`, which may be dead-lettered.
        onFailed: (failed) =>
          failed.mapValues(({ value, error }) => `${value}, ${error.message}`).to('failed', strings),
      })
      .to('out');
    const driver = new TopologyTestDriver(builder.build());
    driver.input('in', strings).pipe('ada', 'London', 0);
    fail('London');
    await driver.settle();
    // Time limits and the back-off go by the clock of the driver.
    driver.advanceWallClock(1_000);
    expect(asked).toEqual(['London', 'London']);
    fail('London');
    await driver.settle();
    expect(read(driver, 'failed')).toEqual(['ada: London, not now']);
  });

  test('has failed too where it takes too long: its signal is aborted', async () => {
    const signals: AbortSignal[] = [];
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .mapValuesAsync(
        (_city, _key, { signal }) => {
          // fetch(url, { signal }) would end now. This call never does.
          signals.push(signal);
          return new Promise<string>(() => {});
        },
        {
          value: stringSerde,
          timeout: '2s',
          retries: 0,
          onFailed: (failed) => failed.mapValues(({ error }) => error.name).to('failed', strings),
        },
      )
      .to('out');
    const driver = new TopologyTestDriver(builder.build());
    driver.input('in', strings).pipe('ada', 'London', 0);
    driver.advanceWallClock(2_000);
    await driver.settle();
    expect(signals[0]?.aborted).toBe(true);
    expect(read(driver, 'failed')).toEqual(['ada: AsyncTimeoutError']);
  });
});

test('processAsync has stores: what comes of a call is processed like a record', async () => {
  const { ask, answer } = service();
  const builder = new StreamsBuilder();
  const totals = builder.addStore({
    name: 'totals',
    kind: 'keyValue',
    key: stringSerde,
    value: numberSerde,
  });
  builder
    .stream('in', strings)
    .processAsync<number, string, string>(
      () => {
        let save: (key: string, price: number, time: number) => number;
        let forward: (key: string, value: string, timestamp: number) => void;
        return {
          init(context) {
            const store = context.keyValueStore<string, number>('totals');
            save = (key, price, time) => {
              const total = (store.get(key) ?? 0) + price;
              store.put(key, total, time);
              return total;
            };
            forward = (key, value, timestamp) => context.forward({ key, value, timestamp, headers: [] });
          },
          // Awaited: without the context.
          call: async ({ value }) => Number(await ask(value)),
          // Then, between two records: with the context and its stores.
          process({ key, timestamp }, price) {
            forward(key, `${save(key, price, timestamp)}`, timestamp);
          },
        };
      },
      { stores: [totals], ...strings },
    )
    .to('out');
  const driver = new TopologyTestDriver(builder.build());
  const input = driver.input('in', strings);
  input.pipe('ada', 'tea', 0);
  answer('tea', '3');
  await driver.settle();
  input.pipe('ada', 'cake', 1);
  answer('cake', '4');
  await driver.settle();
  expect(read(driver)).toEqual(['ada: 3', 'ada: 7']);
});
