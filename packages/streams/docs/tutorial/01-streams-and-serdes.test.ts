// Chapter 1: streams and serdes
//
// A Kafka topic is a log of records. A record has a key, a value, a timestamp and headers; Kafka itself knows
// keys and values as bytes only. A stream is a topic read from its beginning to no end, and a serde says how
// bytes become values and back. Everything in this tutorial is a test: change a line and see what breaks.
import {
  describeTopology,
  jsonSerde,
  numberSerde,
  StreamsBuilder,
  stringSerde,
  type Serde,
} from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

describe('a first topology', () => {
  // A builder collects steps. Nothing is read or written yet: what `build()` answers is data.
  const builder = new StreamsBuilder();
  builder
    .stream('names', { key: stringSerde, value: stringSerde })
    .mapValues((name) => name.length, { value: numberSerde })
    .to('lengths');
  const topology = builder.build();

  test('runs without a broker in the test driver', () => {
    // The driver runs a topology on topics in memory. `pipe` writes a record:
    // key, value, timestamp in milliseconds.
    const driver = new TopologyTestDriver(topology);
    driver.input('names', { key: stringSerde, value: stringSerde }).pipe('id-1', 'Ada', 1_000);

    const lengths = driver.output('lengths', { key: stringSerde, value: numberSerde });
    expect(lengths.readAll()).toMatchObject([{ key: 'id-1', value: 3, timestamp: 1_000 }]);
    // A step keeps the key, the timestamp and the headers unless it is about them. A topic is read on from
    // where the last read ended.
    expect(lengths.readAll()).toEqual([]);
  });

  test('describes itself', () => {
    // The same text as Kafka Streams', which tools draw; `describeMermaid` returns a diagram.
    expect(describeTopology(topology)).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: [names])');
  });
});

describe('serdes', () => {
  test('keep types and bytes together', () => {
    const builder = new StreamsBuilder();
    const names = builder.stream('names', { key: stringSerde, value: stringSerde });
    const lengths = names.mapValues((name) => name.length);
    // The type follows each step, so the compiler refuses a serde that is for something else…
    // @ts-expect-error: numbers are not written by a serde of strings
    lengths.to('lengths', { value: stringSerde });
    // …and where none is known when one is needed, the error says which and where.
    expect(() => lengths.to('lengths')).toThrow('needs a value serde');
  });

  interface Order {
    customer: string;
    cents: number;
  }

  /** What a schema library's `parse` would do. */
  function parseOrder(value: unknown): Order {
    const { customer, cents } = value as Partial<Order>;
    if (typeof customer !== 'string' || typeof cents !== 'number') throw new TypeError('not an order');
    return { customer, cents };
  }

  test('read JSON, and refuse what is not what it should be', () => {
    // A type says what JSON should be; only a check makes sure. Without one, `jsonSerde<Order>()` trusts
    // whoever writes.
    const orderSerde = jsonSerde(parseOrder);
    const builder = new StreamsBuilder();
    builder
      .stream('orders', { key: stringSerde, value: orderSerde })
      .mapValues((order) => order.cents, { value: numberSerde })
      .to('amounts');
    const driver = new TopologyTestDriver(builder.build());
    driver
      .input('orders', { key: stringSerde, value: orderSerde })
      .pipe('1', { customer: 'ada', cents: 250 }, 0);
    expect(driver.output('amounts', { key: stringSerde, value: numberSerde }).readAll()).toHaveLength(1);

    // What cannot be read stops the application unless it was told otherwise: chapter 7 is about that.
    const asText = driver.input('orders', { key: stringSerde, value: stringSerde });
    expect(() => asText.pipe('2', '{"customer":"bob"}', 1)).toThrow(
      'deserialization of orders-0 at offset 1: not an order',
    );
  });

  test('can be your own: two functions and a format', () => {
    // `text` leaves UTF-8 to the runtime and is the faster choice for what is text; `bytes` is for all else.
    const dateSerde: Serde<Date> = {
      format: 'text',
      serialize: (date) => date.toISOString(),
      deserialize: (text) => new Date(text),
    };
    const builder = new StreamsBuilder();
    builder
      .stream('seen', { key: stringSerde, value: dateSerde })
      .mapValues((date) => new Date(date.getTime() + 86_400_000), { value: dateSerde })
      .to('expires');
    const driver = new TopologyTestDriver(builder.build());
    driver.input('seen', { key: stringSerde, value: stringSerde }).pipe('a', '2026-11-22T10:00:00.000Z', 0);
    const [expires] = driver.output('expires', { key: stringSerde, value: stringSerde }).readAll();
    expect(expires?.value).toBe('2026-11-23T10:00:00.000Z');
  });

  test('are not asked about null, which is `undefined` on this side', () => {
    const builder = new StreamsBuilder();
    builder.stream('in', { key: stringSerde, value: stringSerde }).to('out');
    const driver = new TopologyTestDriver(builder.build());
    driver.input('in', { key: stringSerde, value: stringSerde }).pipe('gone', undefined, 0);
    const out = driver.output('out', { key: stringSerde, value: stringSerde });
    expect(out.readAll()).toMatchObject([{ key: 'gone', value: undefined }]);
  });
});

test('event time may come from the record itself', () => {
  // A record's timestamp is when it happened. Where the value knows better than the producer's clock, say so
  // at the source; windows, late records and timers (from chapter 4 on) all follow it.
  const builder = new StreamsBuilder();
  builder
    .stream('events', {
      key: stringSerde,
      value: jsonSerde<{ at: number }>(),
      timestamp: (event, record) => event?.at ?? record.timestamp,
    })
    .to('out');
  const driver = new TopologyTestDriver(builder.build());
  driver.input('events', { key: stringSerde, value: jsonSerde() }).pipe('a', { at: 42 }, 7);
  expect(driver.output('out', { key: stringSerde, value: jsonSerde() }).readAll()[0]?.timestamp).toBe(42);
});
