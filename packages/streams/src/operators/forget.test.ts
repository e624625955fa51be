// Forgetting a key: no store of the step has anything of it afterwards, and the step goes on as if it had
// never seen the key, whatever options the step has.
import { RecordBatches } from '@activity/kafka';
import { checkProperty } from '@activity/kafka/testing';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import type { StepState } from '../api/step-state.ts';
import type { Processor } from '../api/processor.ts';
import type { KStream } from '../dsl/stream.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { OutputRecord } from '../testing/driver-types.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import type { Topology } from '../topology/topology.ts';

const strings = { key: stringSerde, value: stringSerde };
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const begin = 1_000_000 * minute;

type Step = (input: KStream<string, string>) => StepState<string>;

/** A topology of one step, which forgets the keys of another topic. */
function forgetting(step: Step): Topology {
  const builder = new StreamsBuilder();
  const state = step(builder.stream('in', strings));
  function forget(): Processor<string, string, string, never> {
    let open: ReturnType<typeof state.open>;
    return {
      init(context) {
        open = state.open(context);
      },
      process: ({ key }) => open.forget(key),
    };
  }
  builder.stream('forget', strings).process(forget, { stores: [state] });
  return builder.build();
}

function rolling(last: readonly number[], resolution: number): Step {
  return (input) => {
    const counted = input.groupByKey().rollingCount({ name: 'rolling', last, resolution });
    counted.to('out');
    return counted.state;
  };
}

function dedupe(within: number): Step {
  return (input) => {
    const first = input.dedupe({ name: 'once', by: (value) => value, within });
    first.to('out');
    return first.state;
  };
}

/** The keys of the records that compaction leaves in the changelogs of all stores of a topology. */
function remembered(driver: TopologyTestDriver, { stores }: Topology): string[] {
  return stores.flatMap(({ name }) => {
    const records = driver.log.records(`test-${name}-changelog`, 0);
    const newest = new Map(records.map(({ key, value }) => [String(key), value]));
    return [...newest].filter(([, value]) => value !== null).map(([key]) => key);
  });
}

/** Times in thousandths of the step's longest length. All are within it, so that nothing leaves by time. */
interface Action {
  kind: 'record' | 'forget';
  key: 'ada' | 'bob';
  value: string;
  /** Since the action before. */
  step: number;
  /** How late the record is. */
  back: number;
}

const actions = fc.array(
  fc.record<Action>({
    kind: fc.constantFrom('record', 'record', 'record', 'forget'),
    key: fc.constantFrom('ada', 'bob'),
    value: fc.constantFrom('x', 'y'),
    step: fc.nat(90),
    back: fc.oneof(fc.constant(0), fc.nat(180)),
  }),
  { maxLength: 9 },
);

interface Options {
  step: Step;
  lengthMs: number;
}

const length = fc.integer({ min: 60, max: 3 * 1_440 }).map((minutes) => minutes * minute);
const steps: [string, fc.Arbitrary<Options>][] = [
  [
    'rollingCount',
    fc
      .tuple(
        fc.array(fc.nat(50 * minute), { maxLength: 2 }),
        length,
        fc.constantFrom(second, 10 * second, minute, 7 * minute),
      )
      .map(([shorter, lengthMs, resolution]) => ({
        step: rolling([...shorter, lengthMs], resolution),
        lengthMs,
      })),
  ],
  ['dedupe', length.map((lengthMs) => ({ step: dedupe(lengthMs), lengthMs }))],
];

interface Outcome {
  /** What was put out for ada after she was forgotten last. */
  outputs: OutputRecord<string, string>[];
  /** What the stores had of ada when she had just been forgotten. */
  remains: string[];
}

/** Plays the actions; `before` is the key of ada's records from before she is forgotten last. */
function play({ step, lengthMs }: Options, list: readonly Action[], before: string): Outcome {
  const topology = forgetting(step);
  const part = (thousandths: number): number => Math.floor((lengthMs * thousandths) / 1_000);
  const driver = new TopologyTestDriver(topology);
  const output = driver.output('out', strings);
  const last = list.findLastIndex(({ kind, key }) => kind === 'forget' && key === 'ada');
  let now = begin;
  let remains: string[] = [];
  for (const [i, { kind, key, value, step: elapsed, back }] of list.entries()) {
    now += part(elapsed);
    if (kind === 'record') {
      const as = key === 'ada' && i < last ? before : key;
      driver.input('in', strings).pipe(as, value, now - part(back));
      continue;
    }
    driver.input('forget', strings).pipe(key, '', now);
    if (key === 'ada') remains = remembered(driver, topology).filter((text) => text.includes('ada'));
    if (i === last) output.readAll();
  }
  return { outputs: output.readAll().filter(({ key }) => key === 'ada'), remains };
}

describe.each(steps)('%s', (_name, options) => {
  test('keeps nothing of a key that it forgets, and takes up the key as a new one', () => {
    checkProperty(
      fc.property(options, actions, (step, list) => {
        const { outputs, remains } = play(step, list, 'ada');
        expect(remains).toEqual([]);
        const never = play(step, list, 'eve').outputs;
        const plain = ({ value, timestamp }: OutputRecord<string, string>): unknown[] => [value, timestamp];
        expect(outputs.map(plain)).toEqual(never.map(plain));
      }),
    );
  });

  test('refuses a processor that does not name its state', () => {
    const [sample] = fc.sample(options, 1);
    const builder = new StreamsBuilder();
    const state = sample?.step(builder.stream('in', strings));
    builder.stream('forget', strings).process(() => ({
      init: (context) => void state?.open(context),
      process() {},
    }));
    expect(() => new TopologyTestDriver(builder.build())).toThrowError('without declaring it');
  });
});

describe('state that was made with another resolution', () => {
  test.each([
    [second, 7 * second],
    [7 * second, second],
  ])('of %d ms is forgotten with %d ms', (before, after) => {
    const first = new TopologyTestDriver(forgetting(rolling([hour], before)));
    for (const time of [0, 3, 8, 300]) first.input('in', strings).pipe('ada', '', begin + time * second);
    const topology = forgetting(rolling([hour], after));
    const driver = new TopologyTestDriver(topology);
    for (const { name } of topology.stores) copy(first, driver, `test-${name}-changelog`);
    driver.crash();
    expect(remembered(driver, topology)).toContain('ada');
    driver.input('forget', strings).pipe('ada', '', begin + 301 * second);
    expect(remembered(driver, topology).filter((text) => text.includes('ada'))).toEqual([]);
  });
});

function copy(from: TopologyTestDriver, to: TopologyTestDriver, topic: string): void {
  const records = new RecordBatches();
  for (const { key, value, timestamp } of from.log.records(topic, 0))
    records.append(topic, 0, timestamp, key, value, []);
  to.log.append(records, []);
}
