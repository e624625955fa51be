// Cursors: where a page begins, as an opaque text that is signed.
import { hash } from 'node:crypto';
import { z } from 'zod';
import { signedText } from '../http/signed-text.ts';
import type { Received } from './received.ts';

/** The order of logs by time. */
export type Order = 'newest' | 'oldest';

/** Where a page begins: beside this log, which is not on it. */
export interface Position {
  /** Epoch milliseconds. */
  time: number;
  id: number;
}

/** What a cursor holds. */
export interface Cursor {
  order: Order;
  /** Whether the page is before or behind the position, in the order of the list. */
  side: 'before' | 'after';
  position: Position;
  /** Of the filter that the list has. */
  digest: string;
}

/** Writes and reads cursors. */
export interface CursorCodec<T = Cursor> {
  write: (cursor: T) => string;
  /** Undefined for what this service (any instance with the same key) has not written. */
  read: (text: string) => T | undefined;
}

const cursorSchema = z.tuple([
  z.enum(['newest', 'oldest']),
  z.enum(['before', 'after']),
  z.number().int(),
  z.number().int(),
  z.string(),
]);

/**
 * The key of cursors: what was configured,
 * or else made of what all instances share and nobody else knows all of.
 */
export function cursorKey(configured: string | undefined, mongoUri: string): Buffer {
  return hash('sha256', `cursor|${configured ?? mongoUri}`, 'buffer');
}

/** Makes the codec of lists. */
export function cursorCodec(key: Buffer): CursorCodec {
  const texts = signedText(key);
  return {
    write: ({ order, side, position, digest }) =>
      texts.write([order, side, position.time, position.id, digest]),
    read(text) {
      const parsed = cursorSchema.safeParse(texts.read(text));
      if (!parsed.success) return undefined;
      const [order, side, time, id, digest] = parsed.data;
      return { order, side, position: { time, id }, digest };
    },
  };
}

const receivedSchema = z.tuple([z.literal('received'), z.string(), z.array(z.number().int().min(0))]);

/** Makes the codec of exports that go on where the one before has ended. */
export function receivedCodec(key: Buffer): CursorCodec<Received> {
  const texts = signedText(key);
  return {
    write: ({ topic, offsets }) => texts.write(['received', topic, offsets]),
    read(text) {
      const parsed = receivedSchema.safeParse(texts.read(text));
      return parsed.success ? { topic: parsed.data[1], offsets: parsed.data[2] } : undefined;
    },
  };
}
