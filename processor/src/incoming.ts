// What a raw record is when it comes in: an event, a command, or something that cannot be either.
import { isUtf8 } from 'node:buffer';
import {
  findUnstorable,
  isStorable,
  readRawRecord,
  type ActivityEvent,
  type RawCommand,
} from '@activity/contracts';
import type { Serde } from '@activity/streams';

/** How far ahead of the time it was received an event may lie, in milliseconds: one client with a wrong clock must not close everyone's windows. */
export const maxAheadMs = 300_000;

/** Why a raw record is refused. */
export type RefusalReason = 'undecodable' | 'invalid' | 'too-deep' | 'too-large';

/** An event with its times in epoch milliseconds. */
export interface IncomingEvent {
  readonly kind: 'event';
  readonly event: ActivityEvent;
  readonly receivedAt: number;
  /** The event time: what the client says, but never further ahead than is believed. */
  readonly time: number;
  /** The client's clock was further ahead. */
  readonly clamped: boolean;
  /** The command that erased this user last, by its log id; -1 for none. Set when the event is admitted. */
  erasedBy: number;
}

/** A command with its time in epoch milliseconds. */
export interface IncomingCommand {
  readonly kind: 'command';
  readonly command: RawCommand;
  readonly requestedAt: number;
}

/** A record that goes to the dead letters. */
export interface Refused {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  readonly message: string;
}

/** Any raw record. */
export type Incoming = IncomingEvent | IncomingCommand | Refused;

function refused(reason: RefusalReason, message: string): Refused {
  return { kind: 'refused', reason, message };
}

/** Reads the bytes of a raw record's value. Never throws: what is wrong with them is a value too. */
function readIncoming(bytes: Buffer, maxBytes: number): Incoming {
  if (bytes.length > maxBytes) {
    return refused('too-large', `${bytes.length} bytes are more than the ${maxBytes} that are taken`);
  }
  if (!isUtf8(bytes)) return refused('undecodable', 'not UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return refused('undecodable', 'not JSON');
  }
  if (!isStorable(value)) {
    const found = findUnstorable(value);
    return refused(found?.tooDeep ? 'too-deep' : 'invalid', `${found?.path ?? ''}: ${found?.message ?? ''}`);
  }
  const read = readRawRecord(value);
  if (typeof read === 'string') return refused('invalid', read);
  if (read.kind === 'command') return read;
  const { event, timestamp, receivedAt } = read;
  const latest = receivedAt + maxAheadMs;
  const clamped = timestamp > latest;
  return { kind: 'event', event, receivedAt, time: clamped ? latest : timestamp, clamped, erasedBy: -1 };
}

/** The raw topic's values. */
export function incomingSerde(maxBytes: number): Serde<Incoming> {
  return {
    format: 'bytes',
    serialize() {
      throw new TypeError('raw records are read, never written');
    },
    deserialize: (bytes) => readIncoming(bytes, maxBytes),
  };
}

/** The raw topic's keys; bytes that are no text are a key that no user has. */
export const rawKeySerde: Serde<string> = {
  format: 'bytes',
  serialize: (key) => Buffer.from(key),
  deserialize: (bytes) => (isUtf8(bytes) ? bytes.toString('utf8') : ''),
};

/** The time that a raw record moves the clocks to: none but an event's own does. */
export function eventTime(incoming: Incoming | undefined): number {
  if (incoming?.kind !== 'event') return 0;
  return incoming.time < 0 ? 0 : incoming.time;
}
