// The size of a record: what a broker with default settings takes.
import type { RecordHeaders } from './record.ts';
import type { Serialized } from './serde.ts';

/** The broker's default limit is 1,048,588 bytes a batch; one record must fit with its batch's header. */
const maxRecordBytes = 1_000_000;

/** A record that no broker with default settings would take. */
export class RecordTooLargeError extends Error {
  constructor(topic: string, bytes: number) {
    super(`a record of ${bytes} bytes for topic ${topic} is larger than ${maxRecordBytes} bytes; write less`);
    this.name = 'RecordTooLargeError';
  }
}

function bytesOf(data: Serialized | null): number {
  if (data === null) return 0;
  return typeof data === 'string' ? Buffer.byteLength(data) : data.length;
}

function headerBytes(headers: RecordHeaders): number {
  let bytes = 0;
  for (const { key, value } of headers) bytes += Buffer.byteLength(key) + (value?.length ?? 0);
  return bytes;
}

/** @throws RecordTooLargeError that names the topic and the size. */
export function checkRecordSize(
  topic: string,
  key: Serialized | null,
  value: Serialized | null,
  headers: RecordHeaders = [],
): void {
  // A character is three bytes of UTF-8 at most, so that only large records are measured.
  const atMost = 3 * ((key?.length ?? 0) + (value?.length ?? 0)) + headerBytes(headers);
  if (atMost <= maxRecordBytes) return;
  const bytes = bytesOf(key) + bytesOf(value) + headerBytes(headers);
  if (bytes > maxRecordBytes) throw new RecordTooLargeError(topic, bytes);
}
