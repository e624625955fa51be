// What a raw record is when it comes in: an event, a command, or something that cannot be either.
import { isUtf8 } from 'node:buffer';
import {
  findUnstorable,
  isStorable,
  maxRawValues,
  readRawRecord,
  type ActivityEvent,
  type RawCommand,
} from '@activity/contracts';
import type { Serde } from '@activity/streams';

/**
 * How far ahead of the time it was received an event may lie, in milliseconds: one client with a wrong clock
 * must not close everyone's windows.
 */
export const maxAheadMs = 300_000;

/** Why a raw record is refused. */
export type RefusalReason = 'undecodable' | 'invalid' | 'too-deep' | 'too-large' | 'wrong-partition';

/** An event with its times in epoch milliseconds. */
export interface IncomingEvent {
  readonly kind: 'event';
  /** Of the record's value. */
  readonly bytes: number;
  readonly event: ActivityEvent;
  /** What the client sent as the event's time, or else the edge. */
  readonly timestamp: number;
  /** The client sent a time. */
  readonly timestampGiven: boolean;
  /**
   * When the edge received it: by its own clock, but never later than it was in Kafka.
   * Set by {@link eventTime}.
   */
  receivedAt: number;
  /** The edge's clock was ahead of Kafka's. */
  receivedAtCorrected: boolean;
  /**
   * The event time: what the client says, but never further ahead than is believed. Set by {@link eventTime}.
   */
  time: number;
  /** The client's clock was further ahead. */
  clamped: boolean;
  /** The command that erased this user last, by its log id; -1 for none. Set when the event is admitted. */
  erasedBy: number;
}

/** A command with its time in epoch milliseconds. */
export interface IncomingCommand {
  readonly kind: 'command';
  /** Of the record's value. */
  readonly bytes: number;
  readonly command: RawCommand;
  /** By the edge's clock, but never later than it was in Kafka. Set by {@link eventTime}. */
  requestedAt: number;
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
  if (!isStorable(value, maxRawValues)) {
    const found = findUnstorable(value, maxRawValues);
    return refused(found?.tooDeep ? 'too-deep' : 'invalid', `${found?.path ?? ''}: ${found?.message ?? ''}`);
  }
  const read = readRawRecord(value);
  if (typeof read === 'string') return refused('invalid', read);
  if (read.kind === 'command') return { ...read, bytes: bytes.length };
  const { event, timestamp, receivedAt } = read;
  return {
    kind: 'event',
    bytes: bytes.length,
    event,
    timestamp,
    timestampGiven: event.timestampGiven ?? timestamp !== receivedAt,
    receivedAt,
    receivedAtCorrected: false,
    time: timestamp,
    clamped: false,
    erasedBy: -1,
  };
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

/** The last moment that has a date of four digits. */
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Whether a record's timestamp in Kafka is a time.
 * A topic with `message.timestamp.type=LogAppendTime` has no other.
 */
export function isArrivalTime(timestamp: number): boolean {
  return timestamp >= 0 && timestamp <= lastInstant;
}

/**
 * Sets the times of a raw record, which no clock but Kafka's has the last word on: nothing was received, and
 * nothing requested, later than it was in Kafka. Returns the time that the record moves stream time to: none
 * but an event's own does.
 */
export function eventTime(incoming: Incoming | undefined, { timestamp }: { timestamp: number }): number {
  if (incoming === undefined || incoming.kind === 'refused' || !isArrivalTime(timestamp)) return 0;
  if (incoming.kind === 'command') {
    incoming.requestedAt = Math.min(incoming.requestedAt, timestamp);
    return 0;
  }
  if (incoming.receivedAt > timestamp) {
    incoming.receivedAt = timestamp;
    incoming.receivedAtCorrected = true;
  }
  const { receivedAt, timestampGiven } = incoming;
  const latest = receivedAt + maxAheadMs;
  incoming.clamped = timestampGiven && incoming.timestamp > latest;
  incoming.time = timestampGiven ? Math.min(incoming.timestamp, latest) : receivedAt;
  return Math.max(0, incoming.time);
}
