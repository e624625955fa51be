// dedupe({ clock: 'arrival' }): the horizon is counted by the records' timestamps in Kafka, whatever event
// time they carry.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';

const strings = { key: stringSerde, value: stringSerde };
const minute = 60_000;
const within = 10 * minute;

interface Arrival {
  id: string;
  eventTime: number;
  arrival: number;
}

function open(commits: 'each' | 'manual'): TopologyTestDriver {
  const builder = new StreamsBuilder();
  builder
    .stream('in', { ...strings, timestamp: (value) => Number(value.split('@')[1]) })
    .dedupe({ by: (value) => value.split('@')[0] ?? '', within, clock: 'arrival' })
    .to('out', strings);
  return new TopologyTestDriver(builder.build(), { commits });
}

function outOf(driver: TopologyTestDriver): (string | undefined)[] {
  return driver
    .output('out', strings)
    .readAll()
    .map(({ value }) => value);
}

test('a copy of an event of long ago is found, though stream time is far beyond it', () => {
  const driver = open('each');
  const topic = driver.input('in', strings);
  const now = 90 * 86_400_000;
  topic.pipe('k', 'old@1', now);
  topic.pipe('k', `new@${now}`, now + 1);
  topic.pipe('k', 'old@1', now + 2);
  topic.pipe('k', 'old@1', now + within);
  topic.pipe('k', 'old@1', now + within + 1);
  expect(outOf(driver)).toEqual(['old@1', `new@${now}`, 'old@1']);
});

test('a step before it that changes the key is refused', () => {
  const builder = new StreamsBuilder();
  const stream = builder.stream('in', strings).selectKey((_key, value) => value, { key: stringSerde });
  expect(() => stream.dedupe({ by: (value) => value, within, clock: 'arrival', ...strings })).toThrow(
    "dedupe() by 'arrival' must stand before a step that changes the key",
  );
});

const day = 86_400_000;
const arrivals = fc
  .array(
    fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      eventTime: fc.integer({ min: 0, max: 400 * day }),
      step: fc.oneof(fc.nat(within), fc.constantFrom(0, 1, within - 1, within, within + 1)),
      crash: fc.boolean(),
    }),
    { maxLength: 40 },
  )
  .map((list) => {
    let arrival = 400 * day;
    return list.map(({ step, ...rest }) => ({ ...rest, arrival: (arrival += step) }));
  });

/** The first copy of each id, and each that comes after the horizon of the one that was passed before it. */
function passed(list: readonly Arrival[]): string[] {
  const seen = new Map<string, number>();
  return list.flatMap(({ id, eventTime, arrival }) => {
    const first = seen.get(id);
    if (first !== undefined && arrival - first <= within) return [];
    seen.set(id, arrival);
    return [`${id}@${eventTime}`];
  });
}

test('whatever the event times, and with crashes in between, the horizon is that of arrival', () => {
  fc.assert(
    fc.property(arrivals, (list) => {
      const driver = open('manual');
      const topic = driver.input('in', strings);
      for (const { id, eventTime, arrival, crash } of list) {
        topic.pipe('k', `${id}@${eventTime}`, arrival);
        driver.commit();
        if (crash) driver.crash();
      }
      expect(outOf(driver)).toEqual(passed(list));
    }),
    { numRuns: 200 },
  );
});
