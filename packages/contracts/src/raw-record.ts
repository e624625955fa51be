// The raw topic's records: events, and commands that delete.
import { z } from 'zod';
import { activityEvent } from './activity-event.ts';
import type { ActivityEvent } from './activity-event.ts';
import { idText } from './ids.ts';

/**
 * Deletes one log. It is sent to the partition that the id names (`id % 1024`), without a key, so that it is
 * behind the log that it deletes. One that names a position which is not before its own deletes nothing.
 */
export const deleteLogCommand = z.object({
  command: z.literal('delete-log'),
  id: z.number().int().min(0),
  requestedAt: z.iso.datetime({ precision: 3 }),
});

/**
 * Erases a user: everything of theirs that is before it. Keyed by the user, so that it is in order with the
 * user's events.
 */
export const eraseUserCommand = z.object({
  command: z.literal('erase-user'),
  userId: idText,
  requestedAt: z.iso.datetime({ precision: 3 }),
});

/** A command on the raw topic. */
export const rawCommand = z.discriminatedUnion('command', [deleteLogCommand, eraseUserCommand]);

/** What a raw record's value holds. Only commands have a field `command`. */
export const rawRecord = z.union([activityEvent, rawCommand]);

/** A command that deletes one log. */
export type DeleteLogCommand = z.output<typeof deleteLogCommand>;
/** A command that erases a user. */
export type EraseUserCommand = z.output<typeof eraseUserCommand>;
/** Any command. */
export type RawCommand = DeleteLogCommand | EraseUserCommand;
/** Anything that the raw topic holds. */
export type RawRecord = ActivityEvent | RawCommand;

/** Whether a raw record is a command. */
export function isCommand(record: object): record is RawCommand {
  return 'command' in record;
}

/**
 * The header of a dead letter that was replayed:
 * `partition/offset` of where its record lay in the raw topic first.
 */
export const replayedFromHeader = 'replay.from';
