// Reads the record batches of a Fetch answer, and keeps aborted and control records from everyone.
// Source: the Kafka protocol guide, "Record Batch";
// the filter follows the Java consumer's read_committed rule.
import type { Header, RecordHeaders, SourceRecord } from './record.ts';
import { FetchedRecord } from './fetched-record.ts';
import { UnpackBudget } from './unpack-budget.ts';
import { VarintCursor } from './varint.ts';

/** A transaction that was aborted: its producer, and where its first record is in this partition. */
export interface AbortedTransaction {
  producerId: bigint;
  firstOffset: number;
}

/**
 * Where the records of one leader begin in a partition: each leader has another epoch, higher than those
 * before it.
 */
export interface EpochStart {
  offset: number;
  leaderEpoch: number;
}

/**
 * Decompresses a batch's records; the attribute bits name the algorithm. Undefined where they have more bytes
 * than `maxBytes`.
 */
export type Decompress = (algorithm: number, bytes: Buffer, maxBytes: number) => Buffer | undefined;

const noHeaders: RecordHeaders = [];

function readHeaders(cursor: VarintCursor): RecordHeaders {
  const count = cursor.varint();
  if (count === 0) return noHeaders;
  const headers: Header[] = [];
  for (let i = 0; i < count; i++) {
    const key = cursor.bytes();
    headers.push({ key: key ? key.toString('utf8') : '', value: cursor.bytes() });
  }
  return headers;
}

/** An abort marker's control type; a commit marker has 1. */
const abortMarker = 0;

/**
 * Reads all whole batches, from `fetchOffset` on, leaving out control records and aborted ones.
 * Returns the records, the offset after the last whole batch, and where leader epochs begin. Ends before a
 * compressed batch that `budget` has no room for.
 * @throws FatalError with BATCH_TOO_LARGE for a batch that all of the budget has no room for.
 */
export function readBatches(
  bytes: Buffer,
  fetchOffset: number,
  aborted: readonly AbortedTransaction[],
  decompress: Decompress,
  budget: UnpackBudget = new UnpackBudget(),
): { records: SourceRecord[]; nextOffset: number; epochs: EpochStart[] } {
  const records: SourceRecord[] = [];
  const epochs: EpochStart[] = [];
  const pending = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const abortedNow = new Set<bigint>();
  let nextOffset = fetchOffset;
  let next = 0;
  let start = 0;
  while (start + 12 <= bytes.length) {
    const end = start + 12 + bytes.readInt32BE(start + 8);
    if (end > bytes.length) break;
    const baseOffset = Number(bytes.readBigInt64BE(start));
    const leaderEpoch = bytes.readInt32BE(start + 12);
    const attributes = bytes.readInt16BE(start + 21);
    const lastOffset = baseOffset + bytes.readInt32BE(start + 23);
    const producerId = bytes.readBigInt64BE(start + 43);
    while (next < pending.length && (pending[next] as AbortedTransaction).firstOffset <= lastOffset) {
      abortedNow.add((pending[next++] as AbortedTransaction).producerId);
    }
    const control = (attributes & 0x20) !== 0;
    const transactional = (attributes & 0x10) !== 0;
    if (control) {
      const key = firstKey(bytes, start);
      if (key && key.length >= 4 && key.readInt16BE(2) === abortMarker) abortedNow.delete(producerId);
    } else if (!(transactional && abortedNow.has(producerId))) {
      const cursor = openRecords(bytes, start, end, decompress, budget);
      if (!cursor) break;
      readRecords(bytes, start, cursor, fetchOffset, records);
    }
    if (leaderEpoch !== epochs.at(-1)?.leaderEpoch) epochs.push({ offset: baseOffset, leaderEpoch });
    if (lastOffset + 1 > nextOffset) nextOffset = lastOffset + 1;
    start = end;
  }
  return { records, nextOffset, epochs };
}

function firstKey(bytes: Buffer, start: number): Buffer | null {
  const cursor = new VarintCursor(bytes, start + 61);
  cursor.varint();
  cursor.position++;
  cursor.varlong();
  cursor.varint();
  return cursor.bytes();
}

/** A cursor at the first record of a batch; undefined where the budget has no room for them. */
function openRecords(
  bytes: Buffer,
  start: number,
  end: number,
  decompress: Decompress,
  budget: UnpackBudget,
): VarintCursor | undefined {
  const algorithm = bytes.readInt16BE(start + 21) & 0x07;
  if (algorithm === 0) return new VarintCursor(bytes, start + 61);
  const unpacked = budget.unpack(
    bytes.readInt32BE(start + 57),
    Number(bytes.readBigInt64BE(start)),
    (maxBytes) => decompress(algorithm, bytes.subarray(start + 61, end), maxBytes),
  );
  return unpacked && new VarintCursor(unpacked, 0);
}

function readRecords(
  bytes: Buffer,
  start: number,
  cursor: VarintCursor,
  fetchOffset: number,
  records: SourceRecord[],
): void {
  const baseOffset = Number(bytes.readBigInt64BE(start));
  const attributes = bytes.readInt16BE(start + 21);
  const baseTimestamp = Number(bytes.readBigInt64BE(start + 27));
  const appendTime = (attributes & 0x08) !== 0 ? Number(bytes.readBigInt64BE(start + 35)) : undefined;
  const count = bytes.readInt32BE(start + 57);
  for (let i = 0; i < count; i++) {
    const length = cursor.varint();
    const recordEnd = cursor.position + length;
    cursor.position++;
    const timestamp = baseTimestamp + cursor.varlong();
    const offset = baseOffset + cursor.varint();
    if (offset >= fetchOffset) {
      const keySize = cursor.varint();
      const keyStart = cursor.position;
      cursor.position += Math.max(keySize, 0);
      const valueSize = cursor.varint();
      const valueStart = cursor.position;
      cursor.position += Math.max(valueSize, 0);
      const headers = readHeaders(cursor);
      records.push(
        new FetchedRecord(
          offset,
          appendTime ?? timestamp,
          headers,
          cursor.buffer,
          keySize < 0 ? -1 : keyStart,
          keyStart + keySize,
          valueSize < 0 ? -1 : valueStart,
          valueStart + valueSize,
        ),
      );
    }
    cursor.position = recordEnd;
  }
}
