// Chapter 7: failures and dead letters
//
// A record may be unreadable, a step may throw, an output may be too large. By default the application stops
// at the first of them: nothing is lost, and somebody looks. Where that is too strict, say for each stage
// what is to happen.
import { jsonSerde, StreamsBuilder, stringSerde } from '@activity/streams';
import type { Failure, Processor, ProcessorContext } from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

const strings = { key: stringSerde, value: stringSerde };
const json = { key: stringSerde, value: jsonSerde<{ cents: number }>() };

function percent(cents: number): string {
  if (cents < 0) throw new RangeError('a negative amount');
  return `${cents / 100}`;
}

const builder = new StreamsBuilder();
builder
  .stream('payments', json)
  .mapValues(({ cents }) => percent(cents), { value: stringSerde })
  .to('amounts');
const topology = builder.build();

describe('by stage', () => {
  test('fail, the default: the error says where, and the record is not passed', () => {
    const driver = new TopologyTestDriver(topology);
    const payments = driver.input('payments', strings);
    expect(() => payments.pipe('ada', '{"cents":', 0)).toThrow('deserialization of payments-0 at offset 0');
    expect(driver.output('amounts', strings).readAll()).toEqual([]);
  });

  test('continue: it is dropped, and counted as such', () => {
    const dropped: string[] = [];
    const driver = new TopologyTestDriver(topology, {
      failures: { processing: () => 'continue' },
      metrics: { dropped: (_task, reason) => dropped.push(reason) },
    });
    const payments = driver.input('payments', strings);
    payments.pipe('ada', '{"cents":-1}', 0);
    payments.pipe('ada', '{"cents":100}', 1);
    expect(driver.output('amounts', strings).readAll()).toMatchObject([{ value: '1' }]);
    expect(dropped).toEqual(['processing-failed']);
  });

  test('deadLetter: its untouched bytes go to a topic, in the same transaction', () => {
    // In an application: `onFailure: { deserialization: 'deadLetter' }` and `deadLetterTopic: 'dead'`.
    const driver = new TopologyTestDriver(topology, {
      failures: { deserialization: () => 'deadLetter', deadLetterTopic: 'dead' },
    });
    driver.input('payments', strings).pipe('ada', 'no JSON at all', 7);
    const [letter] = driver.output('dead', strings).readAll();
    expect(letter).toMatchObject({ key: 'ada', value: 'no JSON at all', timestamp: 7 });
    const headers = Object.fromEntries(letter?.headers.map(({ key, value }) => [key, String(value)]) ?? []);
    expect(headers).toMatchObject({
      'dead-letter.topic': 'payments',
      'dead-letter.partition': '0',
      'dead-letter.offset': '0',
      'dead-letter.stage': 'deserialization',
      'dead-letter.reason': 'SyntaxError',
    });
  });

  test('a function decides by the failure', () => {
    const decide = ({ error }: Failure): 'deadLetter' | 'fail' =>
      error instanceof RangeError ? 'deadLetter' : 'fail';
    const driver = new TopologyTestDriver(topology, {
      failures: { processing: decide, deadLetterTopic: 'dead' },
    });
    driver.input('payments', strings).pipe('ada', '{"cents":-1}', 0);
    expect(driver.output('dead', strings).readAll()).toHaveLength(1);
    expect(() => driver.input('payments', strings).pipe('ada', 'null', 1)).toThrow(
      'processing of payments-0 at offset 1',
    );
  });
});

test('onFailed: a step gives what it cannot do to a side output of the topology', () => {
  // Typed, named and part of the flow: use it where a failure is a case of the business and not an accident.
  const declared = new StreamsBuilder();
  declared
    .stream('payments', json)
    .mapValues(({ cents }) => percent(cents), {
      value: stringSerde,
      onFailed: (failed) =>
        failed
          .mapValues(({ value, error }) => `${value.cents}: ${error.message}`, { value: stringSerde })
          .to('refused'),
    })
    .to('amounts');
  const driver = new TopologyTestDriver(declared.build());
  driver.input('payments', strings).pipe('ada', '{"cents":-1}', 0);
  expect(driver.output('refused', strings).readAll()).toMatchObject([{ value: '-1: a negative amount' }]);
});

test('a processor sends a record to the dead letters itself, with a reason of its own', () => {
  function check(): Processor<string, { cents: number }, string, { cents: number }> {
    let context: ProcessorContext<string, { cents: number }>;
    return {
      init(given) {
        context = given;
      },
      process(record) {
        if (record.value.cents < 0) context.deadLetter('NegativeAmount', `${record.value.cents} cents`);
        else context.forward(record);
      },
    };
  }
  const declared = new StreamsBuilder();
  declared.stream('payments', json).processValues(check, { value: jsonSerde() }).to('amounts');
  const driver = new TopologyTestDriver(declared.build(), { failures: { deadLetterTopic: 'dead' } });
  driver.input('payments', strings).pipe('ada', '{"cents":-1}', 0);
  const [letter] = driver.output('dead', strings).readAll();
  const reason = letter?.headers.find(({ key }) => key === 'dead-letter.reason');
  expect(String(reason?.value)).toBe('NegativeAmount');
});

test('what a record did before it failed stays', () => {
  // Steps run one after the other, and what one has written or sent is not taken back because a later one
  // throws: as in Kafka Streams. So check first, and write afterwards.
  const declared = new StreamsBuilder();
  const payments = declared.stream('payments', json);
  payments.mapValues(() => 'seen', { value: stringSerde }).to('seen');
  payments.mapValues(({ cents }) => percent(cents), { value: stringSerde }).to('amounts');
  const driver = new TopologyTestDriver(declared.build(), { failures: { processing: () => 'continue' } });
  driver.input('payments', strings).pipe('ada', '{"cents":-1}', 0);
  expect(driver.output('seen', strings).readAll()).toHaveLength(1);
  expect(driver.output('amounts', strings).readAll()).toHaveLength(0);
});
