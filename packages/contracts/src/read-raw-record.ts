// Reads a raw record's value by hand: what the schema of raw-record.ts says,
// without its price for each record.
import type { ActivityEvent, Sender } from './activity-event.ts';
import { idProblem } from './ids.ts';
import { parseIsoTime } from './iso-time.ts';
import type { RawCommand } from './raw-record.ts';
import { typeNameProblem } from './type-name.ts';
import { refusalIn } from './refused-item.ts';

/** A raw record that is as it should be, with its times in epoch milliseconds. */
export type ReadRawRecord =
  | { kind: 'event'; event: ActivityEvent; timestamp: number; receivedAt: number }
  | { kind: 'command'; command: RawCommand; requestedAt: number };

/**
 * Reads a parsed JSON value, or returns what is wrong with it. Takes what `rawRecord` takes and leaves as it
 * is; nothing is copied, fields that are not known stay where they are. Whether its values can be stored is
 * another question: see `isStorable`.
 */
export function readRawRecord(value: unknown): ReadRawRecord | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
  return 'command' in value ? readCommand(value as Partial<RawCommand>) : readEvent(value);
}

function readEvent(event: Partial<ActivityEvent>): ReadRawRecord | string {
  const problem = idProblemOf('eventId', event.eventId) ?? idProblemOf('userId', event.userId);
  if (problem !== undefined) return refusalIn(event) ?? problem;
  const { activityType, metadata } = event;
  const nameProblem = typeNameProblem(activityType);
  if (nameProblem !== undefined) return `activityType: ${nameProblem}`;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    return 'metadata: must be an object';
  }
  const { timestampGiven, typeVersion, violations } = event;
  if (typeVersion !== undefined && (!Number.isSafeInteger(typeVersion) || typeVersion < 0))
    return 'typeVersion: must be a whole number';
  if (violations !== undefined && !areTexts(violations)) return 'violations: must be a list of texts';
  if (timestampGiven !== undefined && typeof timestampGiven !== 'boolean') {
    return 'timestampGiven: must be true or false';
  }
  const { timestampCorrected } = event;
  if (timestampCorrected !== undefined && typeof timestampCorrected !== 'boolean') {
    return 'timestampCorrected: must be true or false';
  }
  if (event.sender !== undefined) {
    const wrong = senderProblem(event.sender);
    if (wrong !== undefined) return wrong;
  }
  const receivedAt = timeOf(event.receivedAt);
  if (Number.isNaN(receivedAt)) return 'receivedAt: must be YYYY-MM-DDTHH:mm:ss.SSSZ';
  const timestamp = event.timestamp === event.receivedAt ? receivedAt : timeOf(event.timestamp);
  if (Number.isNaN(timestamp)) return 'timestamp: must be YYYY-MM-DDTHH:mm:ss.SSSZ';
  return { kind: 'event', event: event as ActivityEvent, timestamp, receivedAt };
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');
}

function senderProblem(sender: Sender | null): string | undefined {
  if (typeof sender !== 'object' || sender === null || Array.isArray(sender))
    return 'sender: must be an object';
  const { ip, userAgent } = sender;
  if (ip !== undefined && (typeof ip !== 'string' || ip.length > 64))
    return 'sender.ip: must be a text of at most 64 characters';
  if (userAgent !== undefined && (typeof userAgent !== 'string' || userAgent.length > 1_024))
    return 'sender.userAgent: must be a text of at most 1024 characters';
  return undefined;
}

function readCommand(command: Partial<RawCommand>): ReadRawRecord | string {
  const requestedAt = timeOf(command.requestedAt);
  if (Number.isNaN(requestedAt)) return 'requestedAt: must be YYYY-MM-DDTHH:mm:ss.SSSZ';
  const { command: name } = command;
  switch (name) {
    case 'delete-log':
      if (!Number.isSafeInteger(command.id) || (command.id ?? -1) < 0)
        return 'id: must be the number of a log';
      break;
    case 'erase-user': {
      const problem = idProblemOf('userId', command.userId);
      if (problem !== undefined) return problem;
      break;
    }
    case undefined:
    default:
      return 'command: must be delete-log or erase-user';
  }
  return { kind: 'command', command: command as RawCommand, requestedAt };
}

function timeOf(text: unknown): number {
  return typeof text === 'string' ? parseIsoTime(text) : Number.NaN;
}

function idProblemOf(field: string, id: unknown): string | undefined {
  const problem = idProblem(id);
  return problem === undefined ? undefined : `${field}: ${problem}`;
}
