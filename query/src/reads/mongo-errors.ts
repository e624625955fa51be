// Which driver errors mean that MongoDB is away or too slow,
// rather than that something is wrong with the request.
import {
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from 'mongodb';
import { MongoSilentError } from './pulse.ts';

/** Server error codes of a node that is stepping down, shutting down, recovering, or out of time. */
const passing = new Set([50, 89, 91, 175, 189, 262, 10_107, 11_600, 11_602, 13_435, 13_436]);

const badValue = 2;

/** A connection that ended while a command was being written to it: the driver passes on what Node says. */
const cutOff = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT', 'EHOSTUNREACH']);

/** Whether the same read may succeed later. */
export function isAway(error: unknown): boolean {
  if (error instanceof MongoServerError) return typeof error.code === 'number' && passing.has(error.code);
  return (
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoSilentError ||
    // The driver does not export its class.
    (error instanceof Error && error.name === 'MongoWaitQueueTimeoutError') ||
    (error instanceof Error && 'code' in error && cutOff.has(String(error.code)))
  );
}

/** Whether MongoDB has refused a read: its message may hold what was asked for. */
export function isRefused(error: unknown): boolean {
  return error instanceof MongoServerError;
}

/** Whether the index that a read named is not there. */
export function isMissingIndex(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === badValue && /\bhint\b/.test(error.message);
}
