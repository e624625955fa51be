// A dead letter: the untouched record, and in its headers where it came from and why it is here.
import type { Header, RecordHeaders, ReadRecord } from '@activity/streams';

/** A dead letter, as a record of its topic. */
export interface Letter {
  /** `partition/offset` in the dead-letter topic. */
  id: string;
  reason: string;
  stage: string;
  message: string;
  /** When the record itself was taken by the broker, in epoch milliseconds. */
  timestamp: number;
  from: { topic: string; partition: number; offset: number };
  key: Buffer | null;
  value: Buffer | null;
  /** The record's own headers, without those of the letter. */
  headers: Header[];
  /** It was too large for its bytes to be here. */
  omitted: boolean;
}

/** A note in the dead-letter topic that a letter was replayed or discarded: it goes when the letter goes. */
export interface Note {
  /** The letter's id. */
  of: string;
  action: 'replayed' | 'discarded';
}

const prefix = 'dead-letter.';
/** Kafka Streams' headers of a dead letter: the same, for tools that know these. */
const streamsPrefix = '__streams.errors.';
const noteOf = 'dead-letter-note.of';
const noteAction = 'dead-letter-note.action';

function textOf(headers: RecordHeaders, name: string): string | undefined {
  // A letter that was replayed and came back has its newest headers last.
  const value = headers.findLast(({ key }) => key === name)?.value;
  return value ? Buffer.from(value).toString('utf8') : undefined;
}

/** The headers of a note. */
export function noteHeaders({ of, action }: Note): Header[] {
  return [
    { key: noteOf, value: Buffer.from(of) },
    { key: noteAction, value: Buffer.from(action) },
  ];
}

/** Reads a record of the dead-letter topic. */
export function readLetter(record: ReadRecord): Letter | Note {
  const { headers } = record;
  const of = textOf(headers, noteOf);
  if (of !== undefined)
    return { of, action: textOf(headers, noteAction) === 'replayed' ? 'replayed' : 'discarded' };
  return {
    id: `${record.partition}/${record.offset}`,
    reason: textOf(headers, `${prefix}reason`) ?? 'unknown',
    stage: textOf(headers, `${prefix}stage`) ?? '',
    message: textOf(headers, `${prefix}message`) ?? '',
    // The letter’s own time is when the broker took it.
    timestamp: Number(textOf(headers, `${prefix}timestamp`) ?? record.timestamp),
    from: {
      topic: textOf(headers, `${prefix}topic`) ?? '',
      partition: Number(textOf(headers, `${prefix}partition`) ?? -1),
      offset: Number(textOf(headers, `${prefix}offset`) ?? -1),
    },
    key: record.key,
    value: record.value,
    headers: headers.filter(({ key }) => !key.startsWith(prefix) && !key.startsWith(streamsPrefix)),
    omitted: textOf(headers, `${prefix}omitted`) !== undefined,
  };
}

/** Which letters are meant. Times in epoch milliseconds. */
export interface LetterFilter {
  reason: string | undefined;
  since: number | undefined;
  until: number | undefined;
  id: string | undefined;
}

/** Whether a letter is meant. */
export function matches(letter: Letter, { reason, since, until, id }: LetterFilter): boolean {
  return (
    (reason === undefined || letter.reason === reason) &&
    (since === undefined || letter.timestamp >= since) &&
    (until === undefined || letter.timestamp < until) &&
    (id === undefined || letter.id === id)
  );
}

/** The letters of a topic that are neither replayed nor discarded yet. */
export async function openLetters(records: AsyncIterable<ReadRecord>): Promise<Letter[]> {
  const letters = new Map<string, Letter>();
  const settled = new Set<string>();
  for await (const record of records) {
    const read = readLetter(record);
    if ('of' in read) settled.add(read.of);
    else letters.set(read.id, read);
  }
  return [...letters.values()].filter(({ id }) => !settled.has(id));
}
