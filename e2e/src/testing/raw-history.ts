// The raw topic as the broker holds it, in the oracle's words.
import {
  defaultTopics,
  logId,
  readRawRecord,
  type ActivityEvent,
  type RawCommand,
} from '@activity/contracts';
import { openTopicReader } from '@activity/streams';
import type { Raw } from '@activity/processor/testing/histories';

/** The raw topic from its first record. */
export interface RawHistory {
  /** Each partition in order. */
  records: Raw[];
  /** The events and the commands, by the number of their record. */
  events: Map<number, ActivityEvent>;
  commands: Map<number, RawCommand>;
}

/** Reads all that was written by the edge. @throws Error for a record that the edge does not write */
export async function readRawHistory(broker: string): Promise<RawHistory> {
  const history: RawHistory = { records: [], events: new Map(), commands: new Map() };
  const next = new Map<number, number>();
  const reader = openTopicReader({ brokers: [broker], clientId: 'raw-history' });
  try {
    for await (const { partition, offset, timestamp, value } of reader.read(defaultTopics.raw)) {
      const read = readRawRecord(JSON.parse(String(value)));
      const place = `${partition}/${offset}`;
      if (typeof read === 'string') throw new Error(`the raw record ${place} is invalid: ${read}`);
      // The oracle counts offsets itself.
      if (offset !== (next.get(partition) ?? 0)) throw new Error(`no raw record is before ${place}`);
      next.set(partition, offset + 1);
      const id = logId(partition, offset);
      if (read.kind === 'command') history.commands.set(id, read.command);
      else history.events.set(id, read.event);
      history.records.push({ partition, ...rawOf(read, timestamp) });
    }
  } finally {
    await reader.close();
  }
  return history;
}

type Read = Exclude<ReturnType<typeof readRawRecord>, string>;
type Unplaced = Raw extends infer One ? (One extends unknown ? Omit<One, 'partition'> : never) : never;

function rawOf(read: Read, at: number): Unplaced {
  if (read.kind === 'command') {
    const { command } = read;
    return command.command === 'delete-log'
      ? { kind: 'delete', id: command.id, at }
      : { kind: 'erase', user: command.userId, at };
  }
  const { event, receivedAt: received, timestamp } = read;
  const { userId: user, eventId, activityType: type, timestampGiven } = event;
  return { kind: 'event', user, event: eventId, type, at, received, timestamp, timestampGiven };
}
