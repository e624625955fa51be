// Validation: every problem is told, with its remedy.
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { FatalError } from '../api/errors.ts';
import { stringSerde } from '../api/serde.ts';
import type { StoreSpec } from '../api/stores.ts';
import {
  cutTopology,
  type Parent,
  type ProcessorNode,
  type SinkNode,
  type SourceNode,
  type TopologyNode,
} from './topology.ts';
import { assertValid, validate, validatePartitions } from './validate.ts';

const strings = { key: stringSerde, value: stringSerde };

function source(name: string, ...topics: string[]): SourceNode {
  return {
    kind: 'source',
    name,
    topics,
    keySerde: stringSerde,
    valueSerde: stringSerde,
    timestamp: undefined,
  };
}

function processor(name: string, parents: readonly string[], stores: readonly string[] = []): ProcessorNode {
  const edges = parents.map((node): Parent => ({ node, output: undefined }));
  return { kind: 'processor', name, parents: edges, stores, supplier: () => ({ process() {} }) };
}

function sink(name: string, parent: string, topic: string): SinkNode {
  return {
    kind: 'sink',
    name,
    topic,
    parents: [{ node: parent, output: undefined }],
    keySerde: stringSerde,
    valueSerde: stringSerde,
    partitioner: undefined,
  };
}

function store(name: string): StoreSpec {
  return {
    name,
    kind: 'keyValue',
    keySerde: stringSerde,
    valueSerde: stringSerde,
    changelog: true,
  };
}

function problemsOf(nodes: readonly TopologyNode[], stores: readonly StoreSpec[] = []): string[] {
  return validate(cutTopology({ nodes, stores, repartitionTopics: [] }));
}

describe('validate', () => {
  test('finds a changelog topic that is a repartition topic', () => {
    const nodes = [source('in', 'a'), processor('step', ['in'], ['one']), sink('out', 'step', 'log')];
    const stores = [{ ...store('one'), changelogTopic: 'log' }];
    const repartitionTopics = [{ name: 'log', partitions: 1 }];
    expect(validate(cutTopology({ nodes, stores, repartitionTopics }))).toEqual([
      'topic log, the changelog of store one, is a repartition topic; give the store a topic of its own',
    ]);
  });

  test('finds nothing wrong with a sound topology', () => {
    const nodes = [
      source('in', 'a', 'b'),
      processor('count', ['in'], ['counts']),
      processor('log', ['count', 'in']),
    ];
    expect(problemsOf(nodes, [store('counts')])).toEqual([]);
  });

  const long = 'x'.repeat(201);
  test.each<[string, TopologyNode[], StoreSpec[], string[]]>([
    ['nothing to read', [], [], ['the topology reads nothing; start with stream() or table()']],
    [
      'two nodes of one name',
      [source('in', 'a'), processor('step', ['in']), processor('step', ['in'])],
      [],
      ['two nodes are named step; name one of them otherwise'],
    ],
    [
      'a node name that a topic could not have',
      [source('in', 'a'), processor('my step', ['in'])],
      [],
      [`the name "my step" is not usable; use letters, digits, '.', '_' and '-'`],
    ],
    [
      'an empty node name',
      [source('', 'a')],
      [],
      [`the name "" is not usable; use letters, digits, '.', '_' and '-'`],
    ],
    [
      'a name that is too long',
      [source(long, 'a')],
      [],
      [`the name "${long}" is not usable; use letters, digits, '.', '_' and '-'`],
    ],
    [
      'two stores of one name',
      [source('in', 'a'), processor('step', ['in'], ['counts'])],
      [store('counts'), store('counts')],
      ['two stores are named counts; name one of them otherwise'],
    ],
    [
      'a store name that a topic could not have',
      [source('in', 'a'), processor('step', ['in'], ['my/store'])],
      [store('my/store')],
      [`the store name "my/store" is not usable; use letters, digits, '.', '_' and '-'`],
    ],
    [
      'a window store without a retention',
      [source('in', 'a'), processor('step', ['in'], ['windows'])],
      [{ ...store('windows'), kind: 'window' }],
      [`store windows needs a retention: pass { retention: '1h' } to addStore()`],
    ],
    [
      'a topic read twice',
      [source('one', 'a', 'b'), source('two', 'b')],
      [],
      ['topic b is read by one and two; read it once and use the stream twice'],
    ],
    [
      'a topic named twice in one source',
      [source('one', 'a', 'a')],
      [],
      ['topic a is read by one and one; read it once and use the stream twice'],
    ],
    [
      'a parent that is not there',
      [source('in', 'a'), processor('step', ['im'])],
      [],
      ['step has the parent im, which does not exist'],
    ],
    [
      'a store that is not there',
      [source('in', 'a'), processor('step', ['in'], ['counts'])],
      [],
      ['step uses the store counts, which is not there; declare it with addStore()'],
    ],
    [
      'two stores with one changelog topic',
      [source('in', 'a'), processor('step', ['in'], ['one', 'two'])],
      [
        { ...store('one'), changelogTopic: 'log' },
        { ...store('two'), changelogTopic: 'log' },
      ],
      ['stores one and two have one changelog topic, log; give the store a topic of its own'],
    ],
    [
      'a changelog topic that is read',
      [source('in', 'a', 'log'), processor('step', ['in'], ['one'])],
      [{ ...store('one'), changelogTopic: 'log' }],
      ['topic log, the changelog of store one, is read by in; give the store a topic of its own'],
    ],
    [
      'a changelog topic that is written by a sink too',
      [source('in', 'a'), processor('step', ['in'], ['one']), sink('out', 'step', 'log')],
      [{ ...store('one'), changelogTopic: 'log' }],
      ['topic log, the changelog of store one, is written by out; give the store a topic of its own'],
    ],
    [
      'a cycle',
      [source('in', 'a'), processor('x', ['in', 'z']), processor('y', ['x']), processor('z', ['y'])],
      [],
      ['the nodes x <- z <- y <- x form a cycle; go through a topic'],
    ],
    [
      'a node that is its own parent',
      [source('in', 'a'), processor('x', ['in', 'x'])],
      [],
      ['the nodes x <- x form a cycle; go through a topic'],
    ],
  ])('reports %s', (_what, nodes, stores, problems) => {
    expect(problemsOf(nodes, stores)).toEqual(problems);
  });

  test('reports everything at once, as one error', () => {
    const nodes = [source('in', 'a'), processor('step', ['in'], ['one']), processor('step', ['out'])];
    const topology = cutTopology({ nodes, stores: [], repartitionTopics: [] });
    expect(() => assertValid(topology)).toThrowError(FatalError);
    expect(() => assertValid(topology)).toThrowError(
      [
        'the topology is not valid:',
        '- two nodes are named step; name one of them otherwise',
        '- step uses the store one, which is not there; declare it with addStore()',
        '- step has the parent out, which does not exist',
      ].join('\n'),
    );
  });
});

describe('the builder', () => {
  test('refuses to build what is not valid', () => {
    const builder = new StreamsBuilder();
    builder.stream('a', { ...strings, name: 'same' }).filter(() => true, { name: 'same' });
    expect(() => builder.build()).toThrowError('two nodes are named same');
    expect(() => new StreamsBuilder().build()).toThrowError('the topology reads nothing');
  });

  test.each<[string, (builder: StreamsBuilder) => unknown, string]>([
    [
      'a value that is written',
      (builder) => builder.stream('a', strings).mapValues(Number).to('b'),
      'to(b) needs a value serde: pass { value: … } to it',
    ],
    [
      'key and value that are written',
      (builder) =>
        builder
          .stream('a', strings)
          .map((key, value) => [value, key])
          .to('b'),
      'to(b) needs a key and a value serde: pass { key: …, value: … } to it',
    ],
    [
      'what goes to a topic chosen by record',
      (builder) =>
        builder
          .stream('a', strings)
          .mapValues(Number)
          .to(() => 'b'),
      'to(…) needs a value serde: pass { value: … } to it',
    ],
    [
      'a key that is repartitioned by',
      (builder) => builder.stream('a', strings).selectKey(Number).groupByKey(),
      'repartition() needs a key serde: pass { key: … } to it',
    ],
    [
      'a sum',
      (builder) =>
        builder
          .stream('a', strings)
          .groupByKey()
          .aggregate(
            () => 0,
            (_key, value, sum) => sum + value.length,
            {},
          ),
      'aggregate() needs a value serde: pass { value: … } to it',
    ],
    [
      'a reduction of values whose serde is not known',
      (builder) =>
        builder
          .stream('a', strings)
          .mapValues(Number)
          .groupByKey()
          .reduce((a, b) => a + b),
      'reduce() needs a value serde: pass { value: … } to it',
    ],
    [
      'a grouped table',
      (builder) => builder.table('a', strings).groupBy((key, value) => [value, key], { key: stringSerde }),
      'groupBy() needs a value serde: pass { value: … } to it',
    ],
  ])('asks for the serde of %s where it is not known', (_what, declare, message) => {
    expect(() => declare(new StreamsBuilder())).toThrowError(
      expect.objectContaining({ code: 'TOPOLOGY_INVALID', message }),
    );
  });
});

describe('validatePartitions', () => {
  function merged(...topics: string[]): ReturnType<StreamsBuilder['build']> {
    const builder = new StreamsBuilder();
    builder.stream(topics, strings).foreach(() => {});
    builder.stream('alone', strings).foreach(() => {});
    return builder.build();
  }

  test.each<[string, string[], { [topic: string]: number }, string[]]>([
    ['equal counts', ['a', 'b'], { a: 4, b: 4, alone: 7 }, []],
    [
      'a topic that is not there',
      ['a', 'b'],
      { a: 4, alone: 1 },
      ['topic b does not exist; create it before the application starts'],
    ],
    [
      'counts that differ',
      ['a', 'b', 'c'],
      { a: 4, b: 6, c: 4, alone: 1 },
      [
        'topics that are processed together need equal partition counts: a, c (4) and b (6); use repartition() on a stream of one of them, or globalTable() for a table that streams are joined with',
      ],
    ],
    [
      'several at once',
      ['a', 'b'],
      { a: 4, b: 6 },
      [
        'topics that are processed together need equal partition counts: a (4) and b (6); use repartition() on a stream of one of them, or globalTable() for a table that streams are joined with',
        'topic alone does not exist; create it before the application starts',
      ],
    ],
  ])('%s', (_what, topics, counts, problems) => {
    expect(validatePartitions(merged(...topics), (topic) => counts[topic])).toEqual(problems);
  });
});

describe('sub-topologies', () => {
  test('are what edges or stores connect', () => {
    const nodes = [
      source('a', 'ta'),
      source('b', 'tb'),
      source('c', 'tc'),
      processor('pa', ['a'], ['shared']),
      processor('pb', ['b'], ['shared']),
      processor('pc', ['c'], ['own']),
    ];
    const { subTopologies } = cutTopology({
      nodes,
      stores: [store('shared'), store('own')],
      repartitionTopics: [],
    });
    expect(
      subTopologies.map(({ id, nodes: own, sourceTopics, stores }) => [
        id,
        own.map(({ name }) => name),
        sourceTopics,
        stores.map(({ name }) => name),
      ]),
    ).toEqual([
      [0, ['a', 'b', 'pa', 'pb'], ['ta', 'tb'], ['shared']],
      [1, ['c', 'pc'], ['tc'], ['own']],
    ]);
  });
});
