// Which offset reset applies to a topic.
import { expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { offsetResets } from './offset-resets.ts';
import { topicNames } from './topic-names.ts';

const strings = { key: stringSerde, value: stringSerde };

test('a source has its own, others that of the application, and repartition topics lose nothing', () => {
  const builder = new StreamsBuilder();
  builder
    .stream(['a', 'b'], { ...strings, offsetReset: { byDuration: '1h' } })
    .groupBy((_key, value) => value, { ...strings, name: 'by-value' })
    .count();
  builder.table('t', { ...strings, offsetReset: 'none' });
  builder.stream('c', strings).to('d');
  const topology = builder.build();
  const resetOf = offsetResets(topology, topicNames('app', topology), 'latest');
  expect(['a', 'b', 't', 'c', 'app-by-value-repartition'].map(resetOf)).toEqual([
    { byDuration: '1h' },
    { byDuration: '1h' },
    'none',
    'latest',
    'earliest',
  ]);
});

test.each(['newest', { byDuration: 'soon' }, {}, null])('%j is refused', (offsetReset) => {
  const builder = new StreamsBuilder();
  expect(() => builder.stream('a', { ...strings, offsetReset: offsetReset as never })).toThrowError(
    expect.objectContaining({ code: 'TOPOLOGY_INVALID' }),
  );
});
