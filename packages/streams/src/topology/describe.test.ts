// Descriptions of a topology with every kind of step, against golden files; and names that stay the same.
import { expect, test } from 'vitest';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { hopping, tumbling } from '../dsl/windows.ts';
import { numberSerde, stringSerde } from '../api/serde.ts';
import { describeMermaid, describeTopology } from './describe.ts';
import type { Topology } from './topology.ts';

const strings = { key: stringSerde, value: stringSerde };

function everything(): Topology {
  const builder = new StreamsBuilder();
  const notes = builder.addStore({ name: 'notes', kind: 'keyValue', ...strings });
  const events = builder
    .stream(['clicks', 'views'], strings)
    .filter((value) => value !== '')
    .dedupe({ by: (value) => value, within: '1h', onDuplicate: (copies) => copies.foreach(() => {}) });
  const { big, rest } = events
    .split({ name: 'by-size' })
    .branch('big', (value) => value.length > 100)
    .defaultBranch('rest');
  big
    .process(() => ({ process() {} }), { name: 'note', stores: [notes], ...strings })
    .merge(rest)
    .to(({ key }) => `out-${key}`, strings);
  rest
    .groupBy((_key, value) => value, strings)
    .windowedBy(tumbling({ size: '1m', grace: '10s' }))
    .count({ store: 'by-minute', onLate: (late) => late.to('late') })
    .toStream()
    .to('counts', { value: numberSerde });
  rest
    .groupByKey()
    .windowedBy(hopping({ size: '5m', advance: '1m', grace: 0 }))
    .reduce((a, b) => (a > b ? a : b))
    .toStream()
    .foreach(() => {});
  builder
    .table('users', strings)
    .filter((value) => value !== 'x')
    .mapValues((value) => value.length, { value: numberSerde })
    .groupBy((key, value) => [String(value), key], strings)
    .count()
    .toStream()
    .to('users-by-length');
  return builder.build();
}

test('as text, in the form of Kafka Streams', async () => {
  await expect(describeTopology(everything())).toMatchFileSnapshot('./describe.golden.txt');
});

test('as a Mermaid diagram', async () => {
  await expect(describeMermaid(everything())).toMatchFileSnapshot('./describe.golden.mmd');
});

test('a store and a node of one name are two things in the diagram', () => {
  const builder = new StreamsBuilder();
  builder.stream('in', strings).groupByKey().count({ store: 'users' }).toStream({ name: 'users' }).to('out');
  const diagram = describeMermaid(builder.build());
  expect(diagram).toContain('users["users"]');
  expect(diagram).toContain('KSTREAM_AGGREGATE_0000000001 --- store_users');
});

test('names are the same from build to build', () => {
  expect(describeTopology(everything())).toBe(describeTopology(everything()));
});

test('a name of one step leaves the numbers of the others alone', () => {
  function named(name: string | undefined): Topology {
    const builder = new StreamsBuilder();
    builder
      .stream('in', strings)
      .filter(() => true, name === undefined ? {} : { name })
      .to('out');
    return builder.build();
  }
  expect(describeTopology(named('mine'))).toBe(
    describeTopology(named(undefined)).replaceAll('KSTREAM-FILTER-0000000001', 'mine'),
  );
});
