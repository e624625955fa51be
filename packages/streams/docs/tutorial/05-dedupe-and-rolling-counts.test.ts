// Chapter 5: dedupe and rolling counts
//
// Two steps that Kafka Streams does not have, for two things that everyone needs: to take a record once that
// was sent twice, and to know how much happened in the latest span of time,
// with numbers that fall again by themselves.
import {
  jsonSerde,
  StreamsBuilder,
  stringSerde,
  type OpenStepState,
  type Processor,
} from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { describe, expect, test } from 'vitest';

interface Payment {
  id: string;
  cents: number;
}

interface Copy {
  id: string | undefined;
  firstOffset: number;
  conflicting: boolean;
}

const payments = { key: stringSerde, value: jsonSerde<Payment>() };
const minute = 60_000;
const hour = 60 * minute;

describe('dedupe', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('payments', payments)
    .dedupe({
      by: (payment) => payment.id,
      within: '24h',
      // Two payments of one id that differ are not a resend but a mistake, and are marked as such.
      fingerprint: (payment) => String(payment.cents),
      onDuplicate: (duplicates) =>
        duplicates
          .mapValues(
            ({ value, firstOffset, conflicting }): Copy => ({ id: value.id, firstOffset, conflicting }),
            { value: jsonSerde() },
          )
          .to('copies'),
    })
    .to('accepted');
  const topology = builder.build();

  test('passes on the first record of an id, and reports the others', () => {
    const driver = new TopologyTestDriver(topology);
    const input = driver.input('payments', payments);
    input.pipe('ada', { id: 'p1', cents: 100 }, 0);
    input.pipe('ada', { id: 'p1', cents: 100 }, 1);
    input.pipe('ada', { id: 'p1', cents: 999 }, 2);
    // An id is known within its key: bob's p1 is another payment. A sender's resends must therefore carry the
    // same key.
    input.pipe('bob', { id: 'p1', cents: 100 }, 3);
    const accepted = driver.output('accepted', payments).readAll();
    expect(accepted.map(({ key, value }) => [key, value?.cents])).toEqual([
      ['ada', 100],
      ['bob', 100],
    ]);
    const copies = driver.output('copies', { key: stringSerde, value: jsonSerde<Copy>() }).readAll();
    expect(copies.map(({ value }) => value)).toEqual([
      { id: 'p1', firstOffset: 0, conflicting: false },
      { id: 'p1', firstOffset: 0, conflicting: true },
    ]);
  });

  test('remembers for as long as `within` says, in stream time', () => {
    const driver = new TopologyTestDriver(topology);
    const input = driver.input('payments', payments);
    const accepted = driver.output('accepted', payments);
    input.pipe('ada', { id: 'p1', cents: 100 }, 0);
    input.pipe('ada', { id: 'p1', cents: 100 }, 24 * hour);
    expect(accepted.readAll()).toHaveLength(1);
    input.pipe('ada', { id: 'p1', cents: 100 }, 24 * hour + 1);
    expect(accepted.readAll()).toHaveLength(1);
  });
});

describe('rolling counts', () => {
  const builder = new StreamsBuilder();
  builder
    .stream('payments', payments)
    .groupByKey()
    .rollingCount({ last: ['5m', '1h'], onLate: (late) => late.to('late') })
    .to('counts');
  const topology = builder.build();

  // Counts are text in the topic, in the order of `last`.
  const counts = { key: stringSerde, value: stringSerde };
  const now = Date.UTC(2026, 10, 22, 12);

  test('rise as records come, and fall as they leave, though nothing more comes', () => {
    const driver = new TopologyTestDriver(topology, { now });
    const input = driver.input('payments', payments);
    const output = driver.output('counts', counts);
    input.pipe('ada', { id: 'p1', cents: 1 }, now);
    input.pipe('ada', { id: 'p2', cents: 1 }, now + minute);
    expect(output.readAll().map(({ value }) => value)).toEqual(['1,1', '2,2']);
    // The wall clock goes on; nobody pays.
    driver.advanceWallClock(5 * minute + 1_000);
    expect(output.readAll().map(({ value }) => value)).toEqual(['1,2']);
    driver.advanceWallClock(hour);
    expect(output.readAll().map(({ value }) => value)).toEqual(['0,0']);
  });

  test('tell of what was older than every length when it came', () => {
    const driver = new TopologyTestDriver(topology, { now });
    const input = driver.input('payments', payments);
    input.pipe('ada', { id: 'p1', cents: 1 }, now);
    input.pipe('ada', { id: 'p0', cents: 1 }, now - 2 * hour);
    expect(driver.output('late', payments).readAll()).toMatchObject([{ value: { id: 'p0' } }]);
    expect(driver.output('counts', counts).readAll().at(-1)?.value).toBe('1,1');
  });
});

// Both steps remember keys. Where a key is a person, that must be erased on request: the stream that such a
// step returns has its `state`, and a processor that names it among its stores makes the step forget a key.
describe('forgetting a key', () => {
  const builder = new StreamsBuilder();
  const accepted = builder
    .stream('payments', payments)
    .dedupe({ by: (payment) => payment.id, within: '24h' });
  accepted.to('accepted');
  const counted = accepted.groupByKey().rollingCount({ last: ['1h'] });
  counted.to('counts');

  function erase(): Processor<string, string, string, never> {
    let states: OpenStepState<string>[];
    return {
      init(context) {
        states = [accepted.state, counted.state].map((state) => state.open(context));
      },
      process({ key }) {
        for (const state of states) state.forget(key);
      },
    };
  }
  const erasures = { key: stringSerde, value: stringSerde };
  // Both topics are partitioned by the payer, so that an erasure meets the state of its payments.
  builder.stream('erasures', erasures).process(erase, { stores: [accepted.state, counted.state] });

  test('counts what comes afterwards from zero, and takes an id that it knew', () => {
    const driver = new TopologyTestDriver(builder.build());
    const input = driver.input('payments', payments);
    for (const payer of ['ada', 'bob']) input.pipe(payer, { id: 'p1', cents: 1 }, 0);
    driver.input('erasures', erasures).pipe('ada', '', 1);
    for (const payer of ['ada', 'bob']) input.pipe(payer, { id: 'p1', cents: 1 }, 2);
    const counts = driver.output('counts', { key: stringSerde, value: stringSerde }).readAll();
    expect(counts.map(({ key, value }) => [key, value])).toEqual([
      ['ada', '1'],
      ['bob', '1'],
      ['ada', '1'],
    ]);
  });
});
