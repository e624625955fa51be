// Reading what a dedupe remembers, by the names of steps and keys alone.
import { expect, test } from 'vitest';
import { bytesSerde, stringSerde, type Serde } from './api/serde.ts';
import { StreamsBuilder } from './dsl/streams-builder.ts';
import { readFirstCopy } from './first-copies.ts';
import type { FirstCopy } from './operators/dedupe.ts';
import { TopologyTestDriver } from './testing/topology-test-driver.ts';

test.each<[string, Serde<string> | Serde<Buffer>, string | Buffer]>([
  ['text', stringSerde, 'ada|'],
  ['bytes', bytesSerde, Buffer.from('ada|')],
])('finds the first copy of an id under a key of %s', async (_format, keySerde, ada) => {
  const key = keySerde as Serde<unknown>;
  const builder = new StreamsBuilder();
  builder
    .stream('in', { key, value: stringSerde })
    .dedupe({ name: 'once', by: (value) => value, within: '1h', fingerprint: () => 'f' })
    .to('out');
  const driver = new TopologyTestDriver(builder.build());
  for (const id of ['p1', 'p2', 'p1']) driver.input('in', { key, value: stringSerde }).pipe(ada, id, 0);
  const streams = {
    store: (name: string) => ({
      get: async (entry: string) => driver.expiringStore<string, FirstCopy>(name).get(entry)?.value,
    }),
  };
  const read = async (id: string): Promise<FirstCopy | undefined> =>
    readFirstCopy(streams, { step: 'once', keySerde: key, key: ada, id });
  expect(await read('p1')).toEqual({ offset: 0, fingerprint: 'f' });
  expect(await read('p2')).toEqual({ offset: 1, fingerprint: 'f' });
  expect(await read('p3')).toBeUndefined();
});
