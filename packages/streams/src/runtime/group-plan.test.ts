// The leader's plan: members with another topology get nothing, and what nobody has yet is counted.
import { describe, expect, test } from 'vitest';
import { bytesSerde, jsonSerde, numberSerde, stringSerde, type Serde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { tumbling } from '../dsl/windows.ts';
import { FakeKafka } from '../testing-support/fake-kafka.ts';
import type { Topology } from '../topology/topology.ts';
import { writeJoinData, type Assignment } from './assignor.ts';
import { shapeOf, type TopologyShape } from './fingerprint.ts';
import { planGroup } from './group-plan.ts';
import { topicNames } from './topic-names.ts';

const strings = { key: stringSerde, value: stringSerde };

function counting(change: (builder: StreamsBuilder) => void = () => {}, store = 'counts'): Topology {
  const builder = new StreamsBuilder();
  change(builder);
  builder.stream('raw', strings).groupByKey().count({ store });
  return builder.build();
}

function shape(topology: Topology): TopologyShape {
  return shapeOf(topology, topicNames('app', topology));
}

const v1 = shape(counting());
const v2 = shape(counting((builder) => builder.stream('more', strings).to('out', strings)));

interface Member {
  topology?: TopologyShape;
  owned?: string[];
}

async function plan(
  own: TopologyShape,
  members: { [memberId: string]: Member },
): Promise<{ [memberId: string]: Assignment }> {
  const kafka = new FakeKafka();
  kafka.topic('raw', 2);
  kafka.topic('more', 1);
  const subscriptions = Object.entries(members).map(([memberId, { topology, owned = [] }]) => ({
    memberId,
    userData: writeJoinData({ instanceId: memberId, owned, stored: [], ...(topology && { topology }) }),
  }));
  return Object.fromEntries(
    await planGroup(subscriptions, {
      kafka,
      shape: own,
      prefix: 'app',
      listTopics: async () => [],
      log: () => {},
    }),
  );
}

describe('the shape of a topology', () => {
  test('is another for windows of another size, whatever their grace', () => {
    const windowed = (size: number, grace: number): string => {
      const builder = new StreamsBuilder();
      const grouped = builder.stream('raw', strings).groupByKey();
      grouped.windowedBy(tumbling({ size, grace })).count({ store: 'counts' });
      return shape(builder.build()).fingerprint;
    };
    expect(windowed(120_000, 60_000)).not.toBe(windowed(60_000, 60_000));
    expect(windowed(60_000, 120_000)).toBe(windowed(60_000, 60_000));
  });

  test('is the same for another step in between', () => {
    const builder = new StreamsBuilder();
    const counted = builder.stream('raw', strings).filter(() => true);
    counted.groupByKey().count({ store: 'counts' });
    expect(shape(builder.build()).fingerprint).toBe(v1.fingerprint);
  });

  test.each<[string, Topology]>([
    ['source before it', counting((builder) => builder.stream('more', strings).to('out', strings))],
    ['store of another name', counting(undefined, 'others')],
    ['more stores', counting((b) => b.stream('raw2', strings).groupByKey().count({ store: 'more' }))],
  ])('is another for a %s', (_what, changed) => {
    expect(shape(changed).fingerprint).not.toBe(v1.fingerprint);
  });

  test('is another for a key of another format', () => {
    const builder = new StreamsBuilder();
    const input = builder.stream('raw', { key: bytesSerde, value: stringSerde });
    input.groupByKey().count({ store: 'counts' });
    expect(shape(builder.build()).fingerprint).not.toBe(v1.fingerprint);
  });
});

describe('the shape of a topology with another serde', () => {
  const v2Numbers: Serde<number> = { ...numberSerde, name: 'number, hexadecimal' };
  const unnamed: Serde<number> = {
    format: 'text',
    serialize: (value) => `${value}`,
    deserialize: (text) => Number(text),
  };

  function withValue(value: Serde<number>): string {
    const builder = new StreamsBuilder();
    builder.stream('raw', strings).groupByKey().count({ store: 'counts', value });
    return shape(builder.build()).fingerprint;
  }

  test('is another where its name is another', () => {
    expect(withValue(v2Numbers)).not.toBe(withValue(numberSerde));
    expect(withValue(jsonSerde<number>())).not.toBe(withValue(numberSerde));
    expect(withValue(unnamed)).not.toBe(withValue(numberSerde));
  });

  test('is the same where its name is the same, or none has one', () => {
    expect(withValue(jsonSerde<number>(Number))).toBe(withValue(jsonSerde<number>()));
    expect(withValue({ ...unnamed })).toBe(withValue(unnamed));
  });
});

describe('a newcomer with another topology', () => {
  test('gets nothing while the others run', async () => {
    const given = await plan(v1, { a: { topology: v1, owned: ['0_0', '0_1'] }, b: { topology: v2 } });
    expect(given).toMatchObject({
      a: { tasks: ['0_0', '0_1'], refused: false },
      b: { tasks: [], refused: true },
    });
  });

  test('gets nothing though it leads the group, and plans for the others by their topology', async () => {
    const given = await plan(v2, { a: { topology: v1, owned: ['0_0'] }, b: { topology: v2 } });
    expect(given).toMatchObject({ a: { tasks: ['0_0', '0_1'] }, b: { tasks: [], refused: true } });
  });

  test('gets everything when nobody runs the other any more', async () => {
    const given = await plan(v2, { b: { topology: v2 } });
    expect(given['b']).toMatchObject({ tasks: ['0_0', '1_0', '1_1'], refused: false });
  });

  test('is not a member of the version before, which names no topology', async () => {
    const given = await plan(v1, { a: { topology: v1 }, b: {} });
    expect([given['a']?.refused, given['b']?.refused]).toEqual([false, false]);
    expect([...(given['a']?.tasks ?? []), ...(given['b']?.tasks ?? [])].toSorted()).toEqual(['0_0', '0_1']);
  });
});

describe('tasks that nobody has yet', () => {
  test('are counted: an owner must let go first', async () => {
    const given = await plan(v1, { a: { topology: v1, owned: ['0_0', '0_1'] }, b: { topology: v1 } });
    expect(given['a']).toMatchObject({ tasks: ['0_0'], pending: 1 });
    expect(given['b']).toMatchObject({ tasks: [], pending: 1 });
  });

  test('are none when everything is given', async () => {
    expect((await plan(v1, { a: { topology: v1 } }))['a']).toMatchObject({ pending: 0 });
  });

  test('stay with their owners while their input is not there', async () => {
    const absent = shape(
      (() => {
        const builder = new StreamsBuilder();
        builder.stream('not-there', strings).to('out', strings);
        return builder.build();
      })(),
    );
    const given = await plan(absent, { a: { topology: absent, owned: ['0_0'] }, b: { topology: absent } });
    expect(given['a']).toMatchObject({ tasks: ['0_0'], pending: 1 });
    expect(given['b']).toMatchObject({ tasks: [], pending: 1 });
  });
});
