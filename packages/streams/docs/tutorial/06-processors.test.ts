// Chapter 6: processors, stores, punctuators, side outputs
//
// Where no step fits, write your own: an object with a `process` function, one instance for each task. It may
// keep state in stores, be called back by a clock, and forward records to one output or to several. All of it
// commits with the record.
import { jsonSerde, numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';
import type { Processor, ProcessorContext } from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const numbers = { key: stringSerde, value: numberSerde };
const strings = { key: stringSerde, value: stringSerde };

describe('a processor with a store', () => {
  // A thermometer's reading, passed on only where it differs by more than one degree from the last one passed
  // on; what cannot be a temperature goes to an output of its own.
  function onChange(store: string): Processor<string, number, string, number> {
    let context: ProcessorContext<string, number>;
    return {
      init(given) {
        context = given;
      },
      process(record) {
        if (record.value < -273) {
          context.forwardTo('impossible', record);
          return;
        }
        const last = context.keyValueStore<string, number>(store);
        const before = last.get(record.key);
        if (before !== undefined && Math.abs(before - record.value) <= 1) return;
        last.put(record.key, record.value, record.timestamp);
        context.forward(record);
      },
    };
  }

  const builder = new StreamsBuilder();
  // A store is declared in the builder and named by each step that uses it; two steps that share one are in
  // one task.
  const last = builder.addStore({ name: 'last', kind: 'keyValue', key: stringSerde, value: numberSerde });
  const changes = builder
    .stream('readings', numbers)
    .processValues(() => onChange(last.name), { stores: [last], value: numberSerde });
  changes.to('changes');
  changes.output('impossible', { value: numberSerde }).to('impossible');
  const topology = builder.build();

  test('remembers by key', () => {
    const driver = new TopologyTestDriver(topology);
    const readings = driver.input('readings', numbers);
    for (const [i, degrees] of [20, 20.5, 22, -500, 21.5, 19].entries()) readings.pipe('attic', degrees, i);
    const values = driver.output('changes', numbers).readAll();
    expect(values.map(({ value }) => value)).toEqual([20, 22, 19]);
    expect(driver.output('impossible', numbers).readAll()).toMatchObject([{ value: -500 }]);
    expect(driver.keyValueStore<string, number>('last').get('attic')).toBe(19);
  });
});

describe('punctuators', () => {
  // Reports each key that was not seen for a minute. A stream-time punctuator is called as records bring
  // event time on: it does the same in a replay.
  // A wall-clock one is called by the time of day, records or not.
  function silence(
    type: 'stream-time' | 'wall-clock',
    store: string,
  ): Processor<string, string, string, string> {
    let context: ProcessorContext<string, string>;
    return {
      init(given) {
        context = given;
        given.schedule(10_000, type, (time) => {
          const seen = given.keyValueStore<string, number>(store);
          for (const [key, at] of seen.all()) {
            if (time - at < 60_000) continue;
            seen.delete(key);
            given.forward({ key, value: 'silent', timestamp: time, headers: [] });
          }
        });
      },
      process({ key, timestamp }) {
        const time = type === 'wall-clock' ? context.now() : timestamp;
        context.keyValueStore<string, number>(store).put(key, time, timestamp);
      },
    };
  }

  function watching(type: 'stream-time' | 'wall-clock'): TopologyTestDriver {
    const builder = new StreamsBuilder();
    const seen = builder.addStore({ name: 'seen', kind: 'keyValue', key: stringSerde, value: numberSerde });
    builder
      .stream('beats', strings)
      .processValues(() => silence(type, seen.name), { stores: [seen], value: stringSerde })
      .to('silent');
    return new TopologyTestDriver(builder.build());
  }

  test('by stream time wait for records', () => {
    const driver = watching('stream-time');
    const beats = driver.input('beats', strings);
    const silent = driver.output('silent', strings);
    beats.pipe('attic', 'here', 0);
    driver.advanceWallClock(600_000);
    expect(silent.readAll()).toEqual([]);
    beats.pipe('cellar', 'here', 65_000);
    expect(silent.readAll()).toMatchObject([{ key: 'attic', timestamp: 65_000 }]);
  });

  test('by wall clock do not', () => {
    const driver = watching('wall-clock');
    driver.input('beats', strings).pipe('attic', 'here', 0);
    driver.advanceWallClock(60_000);
    expect(driver.output('silent', strings).readAll()).toMatchObject([{ key: 'attic' }]);
  });
});

test('headers travel with the record, and a processor may add to them', () => {
  function stamp(): Processor<string, string, string, string> {
    let context: ProcessorContext<string, string>;
    return {
      init: (given) => {
        context = given;
      },
      process(record) {
        // Where the record is in Kafka: topic, partition, offset.
        const origin = { key: 'origin', value: Buffer.from(`${context.position()?.offset}`) };
        context.forward({ ...record, headers: [...record.headers, origin] });
      },
    };
  }
  const builder = new StreamsBuilder();
  builder.stream('in', strings).processValues(stamp, { value: stringSerde }).to('out');
  const driver = new TopologyTestDriver(builder.build());
  driver.input('in', strings).pipe('a', 'x', 0, { headers: [{ key: 'trace', value: Buffer.from('t1') }] });
  const [record] = driver.output('out', strings).readAll();
  const headers = record?.headers.map(({ key, value }) => `${key}=${String(value)}`);
  expect(headers).toEqual(['trace=t1', 'origin=0']);
});

test('a window store and an expiring store forget by themselves', () => {
  // Three kinds: `keyValue` keeps until told; `window` keeps values by key and window start; `expiring` keeps
  // a value for some stream time after it was put. Here: at most one greeting a key in ten minutes.
  function greet(store: string): Processor<string, string, string, string> {
    let context: ProcessorContext<string, string>;
    return {
      init(given) {
        context = given;
      },
      process(record) {
        const greeted = context.expiringStore<string, string>(store);
        if (greeted.get(record.key)) return;
        greeted.put(record.key, 'yes');
        context.forward({ ...record, value: `hello ${record.key}` });
      },
    };
  }
  const builder = new StreamsBuilder();
  const greeted = builder.addStore({
    name: 'greeted',
    kind: 'expiring',
    key: stringSerde,
    value: stringSerde,
    retention: '10m',
  });
  builder
    .stream('visits', { key: stringSerde, value: jsonSerde<string>() })
    .processValues(() => greet(greeted.name), { stores: [greeted], value: stringSerde })
    .to('greetings');
  const driver = new TopologyTestDriver(builder.build());
  const visits = driver.input('visits', { key: stringSerde, value: jsonSerde<string>() });
  for (const minutes of [0, 3, 10, 11, 20]) visits.pipe('ada', '/home', minutes * 60_000);
  const greetings = driver.output('greetings', strings).readAll();
  expect(greetings.map(({ timestamp }) => timestamp / 60_000)).toEqual([0, 11]);
});
