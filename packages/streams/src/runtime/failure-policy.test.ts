// Failure policies: each stage fails, continues or dead-letters, and dead letters carry the untouched record.
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { FatalError } from '../api/errors.ts';
import { bytesSerde, jsonSerde, stringSerde, type Serde } from '../api/serde.ts';
import { plainRecord } from '@activity/kafka/testing';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import type { Topology } from '../topology/topology.ts';
import type { FailureAction, FailureStage } from './failure-policy.ts';

interface Order {
  amount: number;
}

const bytes = { key: bytesSerde, value: bytesSerde };
const strings = { key: stringSerde, value: stringSerde };
const pickySerde: Serde<number> = {
  format: 'text',
  serialize(amount) {
    if (amount === 13) throw new RangeError('13 is not written');
    return amount === 14 ? 'x'.repeat(1_100_000) : String(amount);
  },
  deserialize: Number,
};

/** Reads orders and writes amounts: 12 cannot be processed, 13 cannot be written, 14 is too large. */
function orders(): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream('in', { key: stringSerde, value: jsonSerde<Order>() })
    .mapValues(({ amount }) => {
      if (amount === 12) throw new RangeError('12 is not processed');
      return amount;
    })
    .to('out', { value: pickySerde, partitioner: ({ value }, count) => (value === 15 ? 99 : value % count) });
  return builder.build();
}

interface Bad {
  stage: FailureStage;
  value: string | Buffer;
  reason: string;
  message: string;
}

const bads: readonly Bad[] = [
  { stage: 'deserialization', value: '{"amount":', reason: 'SyntaxError', message: 'JSON' },
  {
    stage: 'deserialization',
    value: Buffer.from([0xff, 0xfe, 0x00]),
    reason: 'TypeError',
    message: 'not valid UTF-8',
  },
  { stage: 'processing', value: '{"amount":12}', reason: 'RangeError', message: '12 is not processed' },
  {
    stage: 'production',
    value: '{"amount":13}',
    reason: 'FatalError',
    message: 'serializing a value for topic out: 13 is not written',
  },
  {
    stage: 'production',
    value: '{"amount":14}',
    reason: 'RecordTooLargeError',
    message: 'a record of 1100009 bytes for topic out is larger than 1000000 bytes; write less',
  },
  {
    stage: 'production',
    value: '{"amount":15}',
    reason: 'FatalError',
    message: 'partition 99 of topic out is not in 0 to 1',
  },
];

const good = Buffer.from('{"amount":2}');

function driverWith(stage: FailureStage, action: FailureAction, dropped: string[] = []): TopologyTestDriver {
  return new TopologyTestDriver(orders(), {
    partitions: 2,
    failures: { [stage]: () => action, deadLetterTopic: 'dead' },
    metrics: {
      dropped: (_task, reason) => dropped.push(reason),
      deadLettered: (_task, reason) => dropped.push(`dead ${reason}`),
    },
  });
}

function pipe(driver: TopologyTestDriver, value: string | Buffer): void {
  const headers = [{ key: 'trace', value: Buffer.from([1, 2, 255]) }];
  driver.input('in', bytes).pipe(Buffer.from('k'), Buffer.from(value), 1234, { partition: 1, headers });
}

describe.each(bads)('$stage of $value', ({ stage, value, reason, message }) => {
  test('fails: the application stops, and the record is not committed', () => {
    const driver = driverWith(stage, 'fail');
    pipe(driver, good);
    const code = `${stage.toUpperCase()}_FAILED`;
    const told = expect.objectContaining({
      code,
      taskId: '0_1',
      message: expect.stringMatching(new RegExp(`^${stage} of in-1 at offset 1: .*${message}`)) as string,
    });
    expect(() => pipe(driver, value)).toThrowError(FatalError);
    driver.abort();
    expect(() => driver.commit()).toThrowError(told);
    expect(driver.log.committed()).toMatchObject([{ topic: 'in', partition: 1, offset: 1 }]);
    expect(driver.output('out', strings).readAll()).toHaveLength(1);
    expect(driver.output('dead', bytes).readAll()).toEqual([]);
  });

  test('continues: the record is dropped, and counted', () => {
    const dropped: string[] = [];
    const driver = driverWith(stage, 'continue', dropped);
    for (const one of [good, value, good]) pipe(driver, one);
    expect(
      driver
        .output('out', strings)
        .readAll()
        .map((record) => record.value),
    ).toEqual(['2', '2']);
    expect(driver.output('dead', bytes).readAll()).toEqual([]);
    expect(driver.log.committed()).toMatchObject([{ topic: 'in', partition: 1, offset: 3 }]);
    expect(dropped).toEqual([`${stage}-failed`]);
  });

  test('dead-letters: the untouched record with where it came from and why', () => {
    const dropped: string[] = [];
    const driver = driverWith(stage, 'deadLetter', dropped);
    for (const one of [good, value, good]) pipe(driver, one);
    expect(driver.output('out', strings).readAll()).toHaveLength(2);
    const [dead, ...more] = driver.output('dead', bytes).readAll();
    expect(more).toEqual([]);
    expect(dead).toMatchObject({
      key: Buffer.from('k'),
      value: Buffer.from(value),
      timestamp: 1234,
      partition: 1,
    });
    const headers = Object.fromEntries(dead?.headers.map((h) => [h.key, Buffer.from(h.value ?? [])]) ?? []);
    expect(headers['trace']).toEqual(Buffer.from([1, 2, 255]));
    expect(
      Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.toString()])),
    ).toMatchObject({
      'dead-letter.topic': 'in',
      'dead-letter.partition': '1',
      'dead-letter.offset': '1',
      'dead-letter.timestamp': '1234',
      'dead-letter.stage': stage,
      'dead-letter.reason': reason,
      'dead-letter.message': expect.stringContaining(message) as string,
      '__streams.errors.exception': reason,
      '__streams.errors.message': expect.stringContaining(message) as string,
      '__streams.errors.topic': 'in',
      '__streams.errors.partition': '1',
      '__streams.errors.offset': '1',
      '__streams.errors.stacktrace': expect.stringMatching(/^ {4}at .+(\n {4}at .+)*$/) as string,
    });
    expect(dropped).toEqual([`dead ${reason}`]);
  });

  test('dead-letters in the transaction of the record: an abort takes the letter back', () => {
    const driver = new TopologyTestDriver(orders(), {
      partitions: 2,
      commits: 'manual',
      failures: { [stage]: () => 'deadLetter', deadLetterTopic: 'dead' },
    });
    pipe(driver, value);
    driver.process();
    driver.abort();
    expect(driver.output('dead', bytes).readAll()).toEqual([]);
    driver.commit();
    expect(driver.output('dead', bytes).readAll()).toHaveLength(1);
  });
});

test('a record without a time cannot be read; where an extractor returns none, it is dropped', () => {
  const dropped: string[] = [];
  const driver = driverWith('deserialization', 'deadLetter', dropped);
  driver.input('in', bytes).pipe(Buffer.from('k'), good, -1);
  expect(dropped).toEqual(['dead RangeError']);
  const [dead] = driver.output('dead', bytes).readAll();
  const message = dead?.headers.find(({ key }) => key === 'dead-letter.message')?.value;
  expect(Buffer.from(message ?? []).toString()).toContain('the record has the timestamp -1');
  expect(driver.output('out', strings).readAll()).toEqual([]);
  const stopping = driverWith('deserialization', 'fail');
  expect(() => stopping.input('in', bytes).pipe(Buffer.from('k'), good, -1)).toThrowError(FatalError);
});

test('a handler is told what failed and where', () => {
  const told: unknown[] = [];
  const driver = new TopologyTestDriver(orders(), {
    partitions: 2,
    failures: {
      processing(failure) {
        const { record } = failure;
        told.push({ ...failure, record: record && plainRecord(record) });
        return 'continue';
      },
    },
  });
  pipe(driver, '{"amount":12}');
  expect(told).toEqual([
    {
      stage: 'processing',
      taskId: '0_1',
      topic: 'in',
      partition: 1,
      output: undefined,
      record: {
        offset: 0,
        timestamp: 1234,
        key: Buffer.from('k'),
        value: Buffer.from('{"amount":12}'),
        headers: [{ key: 'trace', value: Buffer.from([1, 2, 255]) }],
      },
      error: new RangeError('12 is not processed'),
    },
  ]);
});

test('a very long message is cut, so that the letter stays a letter', () => {
  const builder = new StreamsBuilder();
  builder.stream('in', strings).foreach(() => {
    throw new Error('x'.repeat(50_000));
  });
  const driver = new TopologyTestDriver(builder.build(), {
    failures: { processing: () => 'deadLetter', deadLetterTopic: 'dead' },
  });
  driver.input('in', strings).pipe('k', 'v', 0);
  const [dead] = driver.output('dead', bytes).readAll();
  const text = dead?.headers.find(({ key }) => key === 'dead-letter.message')?.value;
  expect(text?.length).toBe(2000);
});

test('a stack trace has no message, which may quote the record', () => {
  const secret = 'a secret\n    at home (of the record)';
  const builder = new StreamsBuilder();
  builder.stream('in', strings).foreach((value) => {
    throw new Error(`${value} is wrong`);
  });
  const driver = new TopologyTestDriver(builder.build(), {
    failures: { processing: () => 'deadLetter', deadLetterTopic: 'dead' },
  });
  driver.input('in', strings).pipe('k', secret, 0);
  const [dead] = driver.output('dead', bytes).readAll();
  const stack = dead?.headers.find(({ key }) => key === '__streams.errors.stacktrace')?.value;
  const text = Buffer.from(stack ?? []).toString();
  expect(text).toContain('failure-policy.test.ts');
  expect(text).not.toContain('secret');
  expect(text).not.toContain('home');
});

describe('a processor that dead-letters', () => {
  function screening(): Topology {
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .processValues<string>(
        () => {
          let pass: (value: string, key: string) => void;
          return {
            init(context) {
              pass = (value, key) => {
                if (value === 'bad') context.deadLetter('screened', 'it says bad');
                else context.forward({ key, value, timestamp: 5, headers: [] });
              };
            },
            process: ({ key, value }) => pass(value, key),
          };
        },
        { name: 'screen' },
      )
      .to('out', strings);
    return builder.build();
  }

  test('names itself as the stage, and its reason', () => {
    const driver = new TopologyTestDriver(screening(), { failures: { deadLetterTopic: 'dead' } });
    for (const value of ['good', 'bad', 'good']) driver.input('in', strings).pipe('k', value, 7);
    expect(driver.output('out', strings).readAll()).toHaveLength(2);
    const [dead] = driver.output('dead', strings).readAll();
    expect(dead).toMatchObject({ key: 'k', value: 'bad', timestamp: 7 });
    const headers = dead?.headers.map(({ key, value }) => [key, String(value)]);
    expect(headers).toContainEqual(['dead-letter.stage', 'screen']);
    expect(headers).toContainEqual(['dead-letter.reason', 'screened']);
    expect(headers).toContainEqual(['dead-letter.message', 'it says bad']);
    expect(headers).toContainEqual(['__streams.errors.exception', 'screened']);
    expect(headers?.map(([name]) => name)).not.toContain('__streams.errors.stacktrace');
  });

  test.each<FailureAction>(['fail', 'continue', 'deadLetter'])(
    'without a dead-letter topic stops the application, though failures say %s',
    (action) => {
      const driver = new TopologyTestDriver(screening(), { failures: { processing: () => action } });
      expect(() => driver.input('in', strings).pipe('k', 'bad', 0)).toThrowError(
        'no dead-letter topic is configured',
      );
      expect(driver.log.committed()).toEqual([]);
    },
  );
});

test('a store that was not declared for a processor stops the application, whatever failures say', () => {
  const builder = new StreamsBuilder();
  builder.stream('in', strings).process(() => {
    let use: () => void;
    return {
      init(context) {
        use = () => context.keyValueStore('other');
      },
      process: () => use(),
    };
  });
  const driver = new TopologyTestDriver(builder.build(), { failures: { processing: () => 'continue' } });
  expect(() => driver.input('in', strings).pipe('k', 'v', 0)).toThrowError(
    'KSTREAM-PROCESSOR-0000000001 uses store other without declaring it',
  );
});
