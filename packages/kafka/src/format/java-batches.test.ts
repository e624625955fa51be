// Batches that Kafka's Java client wrote, in every compression that Kafka has.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decompress } from '../client/decompress.ts';
import { readBatches } from './read-batches.ts';
import { UnpackBudget } from './unpack-budget.ts';

interface Golden {
  compression: string;
  records: number;
  batch: string;
}

const file = readFileSync(join(import.meta.dirname, 'java-batches.golden.jsonl'), 'utf8');
const golden = file
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Golden);

test('the golden file has every compression', () => {
  const all = ['none', 'gzip', 'snappy', 'lz4', 'zstd', 'snappy-raw'];
  expect(new Set(golden.map(({ compression }) => compression))).toEqual(new Set(all));
});

describe('what Java wrote', () => {
  test.each(golden)('$compression, $records records', ({ records: count, batch }) => {
    const { records, nextOffset } = readBatches(Buffer.from(batch, 'base64'), 0, [], decompress);
    expect(nextOffset).toBe(1_000 + count);
    const read = records.map(({ offset, timestamp, key, value, headers }) => ({
      offset,
      timestamp,
      key: key?.toString(),
      value: value?.toString(),
      headers: headers.map((header) => [header.key, [...(header.value ?? [])]]),
    }));
    expect(read).toEqual(
      Array.from({ length: count }, (_, n) => ({
        offset: 1_000 + n,
        timestamp: 1_764_403_200_000 + n,
        key: n % 3 === 0 ? undefined : `key ${n}`,
        value: n % 7 === 0 ? undefined : `the value of record ${n} ü`,
        headers: [['n', [n % 256]]],
      })),
    );
  });

  test.each(golden.filter(({ compression, records }) => compression !== 'none' && records > 1))(
    '$compression, $records records, is unpacked where it just fits, and not where it does not',
    ({ compression, records, batch }) => {
      const bytes = Buffer.from(batch, 'base64');
      const plain = golden.find((other) => other.compression === 'none' && other.records === records);
      const size = Buffer.from(plain?.batch ?? '', 'base64').length - 61;
      const packed = bytes.subarray(61);
      const algorithm = bytes.readInt16BE(21) & 0x07;
      expect([compression, decompress(algorithm, packed, size)?.length]).toEqual([compression, size]);
      expect(decompress(algorithm, packed, size - 1)).toBeUndefined();
      const room = size + 128 * records;
      expect(readBatches(bytes, 0, [], decompress, new UnpackBudget(room)).records).toHaveLength(records);
      expect(() => readBatches(bytes, 0, [], decompress, new UnpackBudget(room - 1))).toThrow(
        `the compressed batch at offset 1000 (${records} records) unpacks to more than ${room - 1} bytes; raise maxUnpackedBytes`,
      );
    },
  );
});
