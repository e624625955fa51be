// Topic patterns: what they match, and what a topology is then.
import { describe, expect, test } from 'vitest';
import { stringSerde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { describeTopology } from '../topology/describe.ts';
import type { Topology } from '../topology/topology.ts';
import { shapeOf } from './fingerprint.ts';
import { offsetResets } from './offset-resets.ts';
import { matchPatterns, patternsOf, resolveTopology, withInput } from './topic-patterns.ts';
import { topicNames } from './topic-names.ts';

const strings = { key: stringSerde, value: stringSerde };

function counting(pattern = /^in-/): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(pattern, { ...strings, offsetReset: 'latest' })
    .groupBy((_key, value) => value, { ...strings, name: 'by-value' })
    .count({ store: 'counts' })
    .toStream()
    .to('out');
  builder.stream('other', strings).to('out');
  return builder.build();
}

test('a pattern matches the topics of others, not the application’s own', () => {
  const topics = ['in-b', 'app-in-changelog', 'in-a', 'out', 'begin-x', 'app-in-repartition', 'app-in-x'];
  expect(matchPatterns(['/^in-/'], topics, 'app')).toEqual({ '/^in-/': ['in-a', 'in-b'] });
  expect(matchPatterns(['/IN-/i'], topics, 'app')).toEqual({
    '/IN-/i': ['app-in-x', 'begin-x', 'in-a', 'in-b'],
  });
  expect(() => matchPatterns(['/^in-/', '/-a$/'], topics, 'app')).toThrowError(
    'topic in-a is matched by the patterns /^in-/ and /-a$/; make one of them narrower',
  );
});

test('a resolved topology reads the topics; without any, its parts have no input', () => {
  const topology = counting();
  const none = resolveTopology(topology, { '/^in-/': [] });
  expect(withInput(none).subTopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([['other']]);
  expect(withInput(none).repartitionTopics).toEqual([]);
  const some = withInput(resolveTopology(topology, { '/^in-/': ['in-a', 'in-b'] }));
  expect(some.subTopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([
    ['in-a', 'in-b'],
    ['by-value-repartition'],
    ['other'],
  ]);
  expect(some.repartitionTopics).toHaveLength(1);
});

test('members agree by the pattern, whatever it matches', () => {
  const names = topicNames('app', counting());
  const shape = shapeOf(counting(), names);
  expect(shape.patterns?.flat()).toEqual(patternsOf(counting().nodes));
  expect(shapeOf(counting(/^on-/), names).fingerprint).not.toBe(shape.fingerprint);
});

test('the offset reset of a pattern is that of its topics', () => {
  const resetOf = offsetResets(counting(), topicNames('app', counting()), 'earliest');
  expect(['in-x', 'other'].map(resetOf)).toEqual(['latest', 'earliest']);
});

test('its description names the pattern; the test driver is given the topics', () => {
  expect(describeTopology(counting())).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: /^in-/)');
  const driver = new TopologyTestDriver(counting(), { topics: ['in-a', 'in-b', 'out'] });
  driver.input('in-a', strings).pipe('k', 'x', 0);
  driver.input('in-b', strings).pipe('k', 'x', 1);
  expect(driver.output('out', strings).readAll()).toHaveLength(2);
  expect(() => new TopologyTestDriver(counting()).input('in-a', strings).pipe('k', 'x', 0)).toThrowError(
    'in-a',
  );
});

describe('refused is', () => {
  test.each<[string, (builder: StreamsBuilder) => void, string]>([
    ['a topic that is read already', (b) => b.stream('in-a', strings), 'matches topic in-a'],
    ['a global table that is read already', (b) => b.globalTable('in-a', strings), 'matches topic in-a'],
    ['the same pattern', (b) => b.stream(/^in-/, strings), 'read it once'],
    ['a flag that keeps a position', (b) => b.stream(/x/g, strings), 'has the flag g or y'],
    [
      'a changelog',
      (b) => b.addStore({ name: 's', kind: 'keyValue', ...strings, changelogTopic: 'in-s' }),
      'matches topic in-s, the changelog of store s',
    ],
  ])('%s', (_what, declare, message) => {
    const builder = new StreamsBuilder();
    builder.stream(/^in-/, strings).to('out');
    declare(builder);
    expect(() => builder.build()).toThrowError(message);
  });
});
