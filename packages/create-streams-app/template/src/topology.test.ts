// The topology in the test driver: no broker, and a clock that the test turns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberSerde, stringSerde } from '@activity/streams';
import { TopologyTestDriver } from '@activity/streams/testing';
import { buildTopology } from './topology.ts';

test('counts words, and a crash changes no count', () => {
  const driver = new TopologyTestDriver(buildTopology());
  const lines = driver.input('lines', { key: stringSerde, value: stringSerde });
  const counts = driver.output('word-counts', { key: stringSerde, value: numberSerde });
  lines.pipe('line-1', 'to be or not to be', 0);
  driver.crash();
  lines.pipe('line-2', 'To be', 1);
  const last = new Map(counts.readAll().map(({ key, value }) => [key, value]));
  assert.deepEqual(Object.fromEntries(last), { to: 3, be: 3, or: 1, not: 1 });
});
