// Writes one record and waits for what becomes of it.
import type { TextRecord } from '@activity/kafka';
import type { EventWriter } from './event-writer.ts';
import type { WriteResult } from './partition-lane.ts';

/** {@link EventWriter.send} as a promise. Never rejects. */
export function write(writer: EventWriter, record: TextRecord, partition?: number): Promise<WriteResult> {
  return new Promise((resolve) => {
    writer.send(record, partition, resolve);
  });
}
