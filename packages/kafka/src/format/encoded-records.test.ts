import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeRecordBatch, recordBytes, RecordSlabs } from './encoded-records.ts';
import type { EncodedRecord, TextRecord } from './encoded-records.ts';

function encodeAll(records: readonly TextRecord[]): EncodedRecord[] {
  const slabs = new RecordSlabs();
  return records.map((each) => slabs.encode(each, recordBytes(each)));
}

const text = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 100 }));
const record: fc.Arbitrary<TextRecord> = fc.record({
  key: fc.option(text, { nil: undefined }),
  value: text,
  timestamp: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_060_000 }),
  headers: fc.array(fc.tuple(fc.string(), fc.string({ unit: 'grapheme' })), { maxLength: 3 }),
});

test('a batch is read back as it was written by the client’s own reader', () => {
  fc.assert(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 200 }),
      fc.bigInt({ min: 0n, max: 2n ** 62n }),
      fc.integer({ min: 0, max: 32_767 }),
      fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      (records, producerId, producerEpoch, baseSequence) => {
        const producer = { producerId, producerEpoch, transactional: false };
        const encoded = encodeRecordBatch(encodeAll(records), producer, baseSequence, crc32c);
        const batch = readRecordsBatch(Reader.from(encoded));
        expect(batch).toMatchObject({
          magic: 2,
          attributes: 0,
          producerId,
          producerEpoch,
          firstSequence: baseSequence,
          lastOffsetDelta: records.length - 1,
          length: encoded.length - 12,
          crc: crc32c(encoded.subarray(21)),
          maxTimestamp: BigInt(Math.max(...records.map(({ timestamp }) => timestamp))),
        });
        expect(
          batch.records.map(({ key, value, timestampDelta, headers, offsetDelta }) => ({
            key: key === null ? undefined : String(key),
            value: String(value),
            timestamp: Number(batch.firstTimestamp + timestampDelta),
            headers: headers.map(([name, content]) => [String(name), String(content)]),
            offsetDelta,
          })),
        ).toEqual(records.map((each, offsetDelta) => ({ ...each, offsetDelta })));
      },
    ),
  );
});

test('a record never takes more than was reckoned', () => {
  fc.assert(
    fc.property(record, (one) => {
      const producer = { producerId: 1n, producerEpoch: 0, transactional: false };
      const alone = encodeRecordBatch(encodeAll([one]), producer, 0, crc32c);
      expect(alone.length - 61).toBeLessThanOrEqual(recordBytes(one));
    }),
  );
});
