// Writes the lines of the audit: who changed what, and when.
import {
  auditKindOf,
  auditRecord,
  type AuditAction,
  type AuditActor,
  type AuditDetails,
  type AuditRecord,
} from '@activity/contracts';
import { FailureError, type Identity } from '@activity/service';
import type { WriteResult } from '../kafka/partition-lane.ts';
import type { Write } from '../publish.ts';

/** A change, before it is a line. */
export interface Change {
  action: AuditAction;
  /** What is changed: the name of a type, the number of a log. */
  target: string;
  /** What it is changed to: flat, with a JSON Schema as text. Never a key, nor the hash of one. */
  details: AuditDetails;
  /** Who asked for it. */
  identity: Identity;
  /** When, in milliseconds since the epoch. */
  at: number;
  /** The line's id, where the same change may be noted twice; one of its own unless given. */
  id?: string;
}

/** Writes lines of the audit. */
export interface AuditWriter {
  /**
   * Writes the line of a change that a request asks for. Call it before the change, so that there is no
   * change without a line; a line without its change is one whose request got 503 and was not sent again.
   *
   * @throws FailureError (503) where the broker has not acknowledged the line: then change nothing.
   * @example await audit.note({ action: 'type.put', target: name, details, identity, at: receivedAt });
   */
  note: (change: Change) => Promise<void>;
  /** Writes a line as it is. @throws FailureError (503) as {@link AuditWriter.note} does */
  write: (line: AuditRecord) => Promise<void>;
}

/** What the writer needs. */
export interface AuditWriterOptions {
  /** Writes to the audit topic. */
  write: Write;
  newId: (now: number) => string;
}

function actorOf({ keyId, name }: Identity): AuditActor {
  return { ...(keyId !== undefined && { keyId }), ...(name !== undefined && { name }) };
}

/** Makes the writer. */
export function createAuditWriter({ write, newId }: AuditWriterOptions): AuditWriter {
  async function writeLine(line: AuditRecord): Promise<void> {
    const value = JSON.stringify(auditRecord.parse(line));
    const record = { key: auditKindOf(line.action), value, timestamp: Date.parse(line.at) };
    const { kind } = await new Promise<WriteResult>((resolve) => {
      write(record, undefined, resolve);
    });
    if (kind !== 'written')
      throw new FailureError({
        kind: 'unavailable',
        message: 'the line of the audit could not be written: nothing was changed, send it again',
        retryAfterSeconds: 1,
      });
  }

  return {
    write: writeLine,
    note: ({ action, target, details, identity, at, id = newId(at) }) =>
      writeLine({
        _id: id,
        at: new Date(at).toISOString(),
        actor: actorOf(identity),
        action,
        target,
        details,
      }),
  };
}
