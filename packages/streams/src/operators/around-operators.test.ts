// What operators do beside their table: headers, side effects,
// choices by record, and keys that are no strings.
import { describe, expect, test } from 'vitest';
import type { KStream } from '../dsl/stream.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { tumbling } from '../dsl/windows.ts';
import { bytesSerde, jsonSerde, numberSerde, stringSerde } from '../api/serde.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';

const strings = { key: stringSerde, value: stringSerde };
const anyJson = { key: jsonSerde<unknown>(), value: jsonSerde<unknown>() };
const json = { key: jsonSerde<never>(), value: jsonSerde<never>() };

function stream<K, V>(
  declare: (input: KStream<string, string>) => KStream<K, V>,
): (builder: StreamsBuilder) => void {
  return (builder) => declare(builder.stream('in', strings)).to('out', json);
}

describe('headers', () => {
  test.each<[string, (builder: StreamsBuilder) => void]>([
    ['stateless steps', stream((input) => input.filter(() => true).map((key, value) => [key, value]))],
    ['repartition', stream((input) => input.map((key, value) => [key, value], strings).repartition())],
    ['aggregates', stream((input) => input.groupByKey().count().toStream())],
    ['tables', (builder) => builder.table('in', strings).toStream().to('out', json)],
    ['dedupe', stream((input) => input.dedupe({ by: (value) => value, within: 1 }))],
  ])('pass through %s', (_what, declare) => {
    const builder = new StreamsBuilder();
    declare(builder);
    const driver = new TopologyTestDriver(builder.build());
    const headers = [
      { key: 'trace', value: Buffer.from('1') },
      { key: 'trace', value: null },
      { key: '', value: Buffer.alloc(0) },
    ];
    driver.input('in', strings).pipe('k', 'v', 1, { headers });
    expect(driver.output('out', json).readAll()[0]?.headers).toEqual(headers);
  });
});

describe('peek and foreach', () => {
  test('see each record once', () => {
    const seen: string[] = [];
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .peek((key, value) => seen.push(`peek ${key}${value}`))
      .foreach((key, value) => seen.push(`each ${key}${value}`));
    const driver = new TopologyTestDriver(builder.build());
    driver.input('in', strings).pipe('k', 'v', 1);
    expect(seen).toEqual(['peek kv', 'each kv']);
  });
});

describe('to()', () => {
  test('a topic chosen by record, and a partitioner that knows the source partition', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .to(({ value }) => `out-${value}`, { partitioner: (_record, count, source) => count - 1 - source });
    const driver = new TopologyTestDriver(builder.build(), { partitions: 3 });
    driver.input('in', strings).pipe('k', 'a', 1, { partition: 0 });
    driver.input('in', strings).pipe('k', 'b', 2, { partition: 1 });
    expect(driver.output('out-a', strings).readAll()).toMatchObject([{ key: 'k', partition: 2 }]);
    expect(driver.output('out-b', strings).readAll()).toMatchObject([{ key: 'k', partition: 1 }]);
  });
});

describe('dedupe', () => {
  test('distinguishes keys that are no strings', () => {
    const builder = new StreamsBuilder();
    const input = builder.stream('in', { key: jsonSerde<{ id: string }>(), value: stringSerde });
    input.dedupe({ by: (value) => value, within: '1h' }).to('out', json);
    const bytes = builder.stream('bytes', { key: bytesSerde, value: stringSerde });
    bytes.dedupe({ by: (value) => value, within: '1h' }).to('out', json);
    const driver = new TopologyTestDriver(builder.build());
    const topic = driver.input('in', anyJson);
    for (const id of ['a', 'b', 'a']) topic.pipe({ id }, 'v', 1);
    const bytesTopic = driver.input('bytes', { key: bytesSerde, value: stringSerde });
    for (const byte of [0xfe, 0xff, 0xfe]) bytesTopic.pipe(Buffer.from([byte]), 'v', 1);
    expect(driver.log.records('out', 0)).toHaveLength(4);
  });

  test('says so where it cannot tell keys apart', () => {
    const unknown = (): unknown =>
      new StreamsBuilder()
        .stream('in', strings)
        .map((key, value) => [{ key }, value])
        .dedupe({ by: (value) => value, within: '1h' });
    expect(unknown).toThrowError('dedupe() needs a key and a value serde');
  });
});

describe('windowed keys', () => {
  test('are written as text', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .count()
      .toStream()
      .to('out', { value: numberSerde });
    const driver = new TopologyTestDriver(builder.build());
    driver.input('in', strings).pipe('k@1', 'a', 25);
    expect(driver.output('out', strings).readAll()).toMatchObject([{ key: 'k@1@20', value: '1' }]);
  });
});
