// How many partitions repartition topics get: as many as what their records meet.
import { expect, test } from 'vitest';
import { jsonSerde, stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { validatePartitions } from '../topology/validate.ts';
import { plus } from '../testing-support/join-cases.ts';
import { countRepartitionTopics } from './repartition-counts.ts';

const strings = { key: stringSerde, value: stringSerde };
const sizes = { small: 2, middle: 3, large: 5 };

function countsOf(declare: (builder: StreamsBuilder) => void): { [topic: string]: number } {
  const builder = new StreamsBuilder();
  declare(builder);
  const topology = builder.build();
  const counts = new Map(Object.entries(sizes));
  countRepartitionTopics(topology, counts);
  expect(validatePartitions(topology, (topic) => counts.get(topic))).toEqual([]);
  return Object.fromEntries([...counts].filter(([topic]) => !(topic in sizes)));
}

test.each<[string, (builder: StreamsBuilder) => void, { [topic: string]: number }]>([
  [
    'the largest topic that feeds it',
    (b) => b.stream('small', strings).repartition({ name: 'r' }).to('out', strings),
    { 'r-repartition': 2 },
  ],
  [
    'the number that was asked for',
    (b) => b.stream('small', strings).repartition({ name: 'r', partitions: 7 }).to('out', strings),
    { 'r-repartition': 7 },
  ],
  [
    'the table that the stream is joined with',
    (b) =>
      b
        .stream('large', strings)
        .repartition({ name: 'r' })
        .join(b.table('small', strings), plus)
        .to('out', strings),
    { 'r-repartition': 2 },
  ],
  [
    'the number that was asked for of the other side',
    (b) => {
      const left = b.stream('large', strings).repartition({ name: 'l' });
      left
        .join(b.stream('middle', strings).repartition({ name: 'r', partitions: 4 }), plus, {
          beforeMs: 1,
          afterMs: 1,
          graceMs: 0,
        })
        .to('out', strings);
    },
    { 'l-repartition': 4, 'r-repartition': 4 },
  ],
  [
    'the largest that feeds either side',
    (b) => {
      const left = b.stream('large', strings).repartition({ name: 'l' });
      const right = b.stream('middle', strings).repartition({ name: 'r' });
      left.join(right, plus, { beforeMs: 1, afterMs: 1, graceMs: 0 }).to('out', strings);
    },
    { 'l-repartition': 5, 'r-repartition': 5 },
  ],
  [
    'each table of a join by a foreign key',
    (b) => {
      const joined = b
        .table('large', strings)
        .join(b.table('small', strings), (value) => value, plus, { name: 'j', value: stringSerde });
      joined.toStream().to('out', strings);
    },
    { 'j-subscription-registration-topic': 2, 'j-subscription-response-topic': 5 },
  ],
  [
    'what feeds tables that are joined by a foreign key and come from repartition topics',
    (b) => {
      const counted = (topic: string, name: string) =>
        b
          .stream(topic, strings)
          .repartition({ name })
          .groupByKey()
          .aggregate(() => '', plus, { value: stringSerde });
      const joined = counted('large', 'l').join(counted('small', 'r'), (value) => value, plus, {
        name: 'j',
        value: jsonSerde<string>(),
      });
      joined.toStream().to('out', strings);
    },
    {
      'l-repartition': 5,
      'r-repartition': 5,
      'j-subscription-registration-topic': 5,
      'j-subscription-response-topic': 5,
    },
  ],
])('%s', (_name, declare, expected) => {
  expect(countsOf(declare)).toMatchObject(expected);
});
