// Reads partitions up to an end that is known, whatever leaders and transactions do meanwhile.
import { RetriableError } from '../errors.ts';
import type { RecordHeaders } from '../format/record.ts';
import { defaultRetryMs, retrying } from './cluster.ts';
import { partitionName, type KafkaPort, type Position } from './port.ts';

/** A record as it was read. */
export interface ReadRecord {
  partition: number;
  offset: number;
  /** Epoch milliseconds. */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: RecordHeaders;
}

const maxWaitMs = 500;

/**
 * Reads what is committed from each position to the end of its partition, by number. A fetch whose failure
 * passes is tried again.
 * @throws RetriableError where it does not pass within `patienceMs`, or nothing more comes for as long
 */
export async function* readToEnd(
  kafka: Pick<KafkaPort, 'createFetcher'>,
  from: readonly Position[],
  ends: readonly number[],
  patienceMs: number = defaultRetryMs,
): AsyncGenerator<ReadRecord, void, undefined> {
  const fetcher = kafka.createFetcher();
  let open = from.filter(({ offset, partition }) => offset < (ends[partition] ?? 0));
  let waiting: number | undefined;
  try {
    while (open.length > 0) {
      const fetched = await retrying(patienceMs, async () => fetcher.fetch(open, maxWaitMs));
      let moved = false;
      for (const { partition, fetchOffset, nextOffset, highWatermark, endOffset, records } of fetched) {
        const position = open.find((one) => one.partition === partition);
        if (position?.offset !== fetchOffset) continue;
        const known = ends[partition] ?? 0;
        // A new leader shows less than there is at first. Otherwise an open transaction holds the rest back.
        const end = highWatermark < known ? known : Math.min(known, endOffset);
        for (const { offset, timestamp, key, value, headers } of records) {
          if (offset < end) yield { partition, offset, timestamp, key, value, headers };
        }
        moved ||= nextOffset > fetchOffset;
        position.offset = nextOffset;
        if (nextOffset >= end) open = open.filter((one) => one !== position);
      }
      const now = performance.now();
      waiting = moved || open.length === 0 ? undefined : (waiting ?? now);
      if (waiting !== undefined && now - waiting > patienceMs) throw missing(open, ends);
    }
  } finally {
    await fetcher.close();
  }
}

/** The brokers had more when the reading began than they show now, and that for too long. */
function missing(open: readonly Position[], ends: readonly number[]): RetriableError {
  const places = open.map(
    ({ topic, partition, offset }) => `${partitionName(topic, partition)} at ${offset} of ${ends[partition]}`,
  );
  return new RetriableError('TIMED_OUT', `reading ${places.join(', ')}: the brokers show no more`);
}
