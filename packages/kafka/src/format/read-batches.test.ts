// Aborted records never reach a reader: the cases in which the client's own reader leaks them, and any other.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endMarker, writeBatches } from '../testing/batches.ts';
import { checkProperty } from '../testing/seeds.ts';
import { decompress } from '../client/decompress.ts';
import { readBatches, type AbortedTransaction } from './read-batches.ts';

/** What is in a partition: records of a producer (undefined: outside of a transaction), or the end of one. */
type Entry =
  | { kind: 'records'; producer: number | undefined; values: string[] }
  | { kind: 'abort' | 'commit'; producer: number };

interface Laid {
  start: number;
  next: number;
  bytes: Buffer;
}

interface Partition {
  laid: Laid[];
  /** Every aborted transaction, with the offset of its abort marker: the broker's index. */
  aborted: (AbortedTransaction & { lastOffset: number })[];
  /** Values that a read_committed reader must see, by offset. */
  committed: Map<number, string>;
  /** The first offset of a transaction that has not ended: nothing from there on is handed out. */
  lastStableOffset: number;
}

function lay(entries: readonly Entry[]): Partition {
  const laid: Laid[] = [];
  const aborted: Partition['aborted'] = [];
  const committed = new Map<number, string>();
  const open = new Map<number, { first: number; values: [number, string][] }>();
  let offset = 0;
  for (const entry of entries) {
    const start = offset;
    if (entry.kind === 'records') {
      const { producer, values } = entry;
      const records = values.map((value) => ({ key: null, value, timestamp: 0, headers: [] }));
      const transactional = producer !== undefined;
      const bytes = writeBatches(records, { baseOffset: offset, producerId: producer ?? 77, transactional });
      const placed = values.map((value): [number, string] => [offset++, value]);
      laid.push({ start, next: offset, bytes });
      if (producer === undefined) {
        for (const [at, value] of placed) committed.set(at, value);
      } else {
        const transaction = open.get(producer) ?? { first: start, values: [] };
        open.set(producer, transaction);
        transaction.values.push(...placed);
      }
    } else {
      const transaction = open.get(entry.producer);
      if (!transaction) continue;
      open.delete(entry.producer);
      laid.push({ start, next: offset + 1, bytes: endMarker(entry.kind, entry.producer, offset) });
      offset++;
      if (entry.kind === 'commit') for (const [at, value] of transaction.values) committed.set(at, value);
      else {
        const producerId = BigInt(entry.producer);
        aborted.push({ producerId, firstOffset: transaction.first, lastOffset: start });
      }
    }
  }
  const lastStableOffset = Math.min(offset, ...[...open.values()].map(({ first }) => first));
  for (const at of committed.keys()) if (at >= lastStableOffset) committed.delete(at);
  return { laid, aborted, committed, lastStableOffset };
}

/** Answers fetches as a broker does: batches up to a size, with the aborted transactions that touch them. */
function readAll(partition: Partition, batchesPerFetch: (fetch: number) => number): Map<number, string> {
  const read = new Map<number, string>();
  let position = 0;
  for (let fetch = 0; position < partition.lastStableOffset; fetch++) {
    const readable = partition.laid.filter(
      ({ next, start }) => next > position && start < partition.lastStableOffset,
    );
    const answer = readable.slice(0, batchesPerFetch(fetch));
    const end = answer.at(-1)?.next ?? position;
    const aborted = partition.aborted
      .filter(({ firstOffset, lastOffset }) => lastOffset >= position && firstOffset < end)
      .map(({ producerId, firstOffset }) => ({ producerId, firstOffset }));
    const bytes = Buffer.concat(answer.map((laid) => laid.bytes));
    const { records, nextOffset } = readBatches(bytes, position, aborted, decompress);
    for (const { offset, value } of records) read.set(offset, String(value));
    expect(nextOffset).toBe(end);
    position = nextOffset;
  }
  return read;
}

function wrote(producer: number | undefined, ...values: string[]): Entry {
  return { kind: 'records', producer, values };
}

function abort(producer: number): Entry {
  return { kind: 'abort', producer };
}

function commit(producer: number): Entry {
  return { kind: 'commit', producer };
}

describe('aborted records', () => {
  test.each<[string, Entry[], string[]]>([
    [
      'two aborts by one producer in one fetch',
      [wrote(1, 'a'), abort(1), wrote(1, 'b'), commit(1), wrote(1, 'c'), abort(1), wrote(1, 'd'), commit(1)],
      ['b', 'd'],
    ],
    [
      'a commit between two aborts',
      [wrote(1, 'a'), abort(1), wrote(1, 'b'), commit(1), wrote(1, 'c'), abort(1)],
      ['b'],
    ],
    [
      'an abort over several batches',
      [wrote(1, 'a'), wrote(1, 'b'), wrote(1, 'c'), abort(1), wrote(undefined, 'd')],
      ['d'],
    ],
    [
      'interleaved producers, one of which aborts',
      [wrote(1, 'a'), wrote(2, 'b'), wrote(1, 'c'), commit(2), wrote(2, 'd'), abort(1), commit(2)],
      ['b', 'd'],
    ],
    [
      'a producer that aborts, inside of one that aborts later',
      [wrote(1, 'a'), wrote(2, 'b'), abort(2), wrote(2, 'c'), commit(2), wrote(1, 'd'), abort(1)],
      ['c'],
    ],
    [
      'records outside of transactions among aborted ones',
      [wrote(1, 'a'), wrote(undefined, 'b'), wrote(1, 'c'), wrote(undefined, 'd'), abort(1)],
      ['b', 'd'],
    ],
    ['only aborted records', [wrote(1, 'a', 'b', 'c'), abort(1)], []],
  ])('%s', (_case, entries, visible) => {
    const partition = lay(entries);
    for (const size of [1, 2, 3, 100]) {
      const read = readAll(partition, () => size);
      expect([...read.values()], `${size} batches a fetch`).toEqual(visible);
    }
  });

  test('an abort that began before the position and ends after the answer', () => {
    const partition = lay([wrote(1, 'a'), wrote(1, 'b'), wrote(1, 'c'), abort(1)]);
    const [, second] = partition.laid;
    const aborted = [{ producerId: 1n, firstOffset: 0 }];
    expect(readBatches(second?.bytes ?? Buffer.alloc(0), 1, aborted, decompress)).toMatchObject({
      records: [],
      nextOffset: 2,
    });
  });

  test('the next position is past markers and aborted records', () => {
    const { laid } = lay([wrote(1, 'a', 'b'), abort(1)]);
    const bytes = Buffer.concat(laid.map((one) => one.bytes));
    const read = readBatches(bytes, 0, [{ producerId: 1n, firstOffset: 0 }], decompress);
    expect(read).toMatchObject({ records: [], nextOffset: 3 });
  });

  test('says where leader epochs begin', () => {
    const { laid } = lay([wrote(1, 'a', 'b'), wrote(2, 'c'), abort(1), wrote(2, 'd')]);
    const epochs = [4, 4, 6, 7];
    const bytes = laid.map((one, i) => {
      const batch = Buffer.from(one.bytes);
      batch.writeInt32BE(epochs[i] ?? 0, 12);
      return batch;
    });
    expect(readBatches(Buffer.concat(bytes), 0, [], decompress).epochs).toEqual([
      { offset: 0, leaderEpoch: 4 },
      { offset: 3, leaderEpoch: 6 },
      { offset: 4, leaderEpoch: 7 },
    ]);
  });

  test('any history in any pieces shows exactly what was committed', () => {
    const producer = fc.integer({ min: 1, max: 3 });
    const entry: fc.Arbitrary<Entry> = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('records' as const),
          producer: fc.option(producer, { nil: undefined, freq: 6 }),
          values: fc.array(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('abort', 'commit'), producer }) },
    );
    checkProperty(
      fc.property(
        fc.array(entry, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        (entries, sizes) => {
          const partition = lay(entries);
          const read = readAll(partition, (fetch) => sizes[fetch % sizes.length] ?? 1);
          expect([...read]).toEqual([...partition.committed].toSorted(([a], [b]) => a - b));
        },
      ),
    );
  });
});
