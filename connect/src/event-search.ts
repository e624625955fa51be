// Where an event is in Kafka: before the processor, or among the dead letters. For the trace of one event; it
// reads no more than some thousand records.
import { idText } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';
import type { FoundEvent, Topics } from '@activity/contracts';
import { pace } from '@activity/service';
import type { MonitoringRoute } from '@activity/service';
import type { ReadRecord, TopicReader } from '@activity/streams';
import { z } from 'zod';
import { readLetter } from './dead-letters/letter.ts';

/** What is searched. */
export interface EventSearchOptions {
  reader: TopicReader;
  topics: Topics;
  /** The processor's application id. */
  groupId: string;
}

/** The most copies, and the most dead letters, that are listed of one event: the first and the last ones. */
const maxListed = 100;

/** The most records that are read of one partition. */
const maxRecords = 50_000;

interface EventName {
  userId: string;
  eventId: string;
}

/**
 * Questions that may wait for their turn: whoever asked first has given up long before the last one would
 * have it.
 */
const maxWaiting = 10;

/**
 * Makes what searches; undefined where that cannot be done now: too many wait, or the raw topic is missing.
 * One search at a time.
 */
export function createEventSearch({
  reader,
  topics,
  groupId,
}: EventSearchOptions): (event: EventName) => Promise<FoundEvent | undefined> {
  async function* records(topic: string, partition: number, from: number): AsyncGenerator<ReadRecord> {
    const count = (await reader.partitions(topic)) ?? 0;
    const starts = Array.from({ length: count }, (_, one) =>
      one === partition ? from : Number.MAX_SAFE_INTEGER,
    );
    // Thousands of records come with one fetch, and each of them may have to be parsed.
    for await (const record of reader.read(topic, starts)) {
      yield record;
      if (pace.due) await pace.rest();
    }
  }

  async function waitingCopies(
    event: EventName,
    partition: number,
    committed: number,
  ): Promise<{ offset: number; before: number }[]> {
    const found: { offset: number; before: number }[] = [];
    let before = 0;
    for await (const { offset, value } of records(topics.raw, partition, committed)) {
      if (before >= maxRecords) break;
      if (isOf(value, event) && found.length < maxListed) found.push({ offset, before });
      before++;
    }
    return found;
  }

  async function letters(
    event: EventName,
    partition: number,
    from: number,
  ): Promise<FoundEvent['deadLetters']> {
    const found: FoundEvent['deadLetters'] = [];
    for await (const record of records(topics.deadLetter, partition, from)) {
      if (!isOf(record.value, event)) continue;
      const letter = readLetter(record);
      if ('of' in letter) continue;
      const { reason, message, from: raw, timestamp } = letter;
      const at = new Date(timestamp).toISOString();
      found.push({ raw: { partition: raw.partition, offset: raw.offset }, reason, message, at });
      if (found.length > maxListed) found.shift();
    }
    return found;
  }

  async function search(event: EventName): Promise<FoundEvent | undefined> {
    const partitions = await reader.partitions(topics.raw);
    if (partitions === undefined || partitions === 0) return undefined;
    const partition = partitionOf(Buffer.from(event.userId), partitions);
    const [earliest, ends, all, firstLetters, lastLetters] = await Promise.all([
      reader.offsets(topics.raw, 'earliest'),
      reader.offsets(topics.raw, 'latest'),
      reader.committed(groupId, topics.raw),
      reader.offsets(topics.deadLetter, 'earliest'),
      reader.offsets(topics.deadLetter, 'latest'),
    ]);
    const committed = Math.max(all[partition] ?? 0, earliest[partition] ?? 0);
    const lettersFrom = Math.max(firstLetters[partition] ?? 0, (lastLetters[partition] ?? 0) - maxRecords);
    // One after the other: each fetch may hold several megabytes.
    const waiting = await waitingCopies(event, partition, committed);
    const deadLetters = await letters(event, partition, lettersFrom);
    const complete =
      (ends[partition] ?? 0) - committed <= maxRecords && lettersFrom === (firstLetters[partition] ?? 0);
    return { partition, committed, waiting, deadLetters, complete };
  }

  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async function searchInTurn(event) {
    if (waiting >= maxWaiting) return undefined;
    waiting++;
    const turn = last.then(() => search(event)).finally(() => waiting--);
    last = turn.catch(() => {});
    return turn;
  };
}

/** Whether a raw record's value is this event. */
function isOf(value: Buffer | null, { userId, eventId }: EventName): boolean {
  // Few records hold the id's text at all; parsing shows whether it is the id.
  if (value === null || !value.includes(JSON.stringify(eventId).slice(1, -1))) return false;
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'));
    return (
      eventName.safeParse(parsed).success &&
      (parsed as EventName).userId === userId &&
      (parsed as EventName).eventId === eventId
    );
  } catch {
    return false;
  }
}

const eventName = z.object({ userId: idText, eventId: idText });

/** `GET /event?userId=…&eventId=…`. */
export function eventRoute(search: (event: EventName) => Promise<FoundEvent | undefined>): MonitoringRoute {
  return async function event(query) {
    const parsed = eventName.safeParse(Object.fromEntries(query));
    if (!parsed.success) return { status: 400, body: { error: 'userId and eventId must be given' } };
    const found = await search(parsed.data);
    if (found === undefined) return { status: 503, body: { error: 'not now' } };
    return { status: 200, body: found };
  };
}
