// What has changed between the keys that the audit knows and those of the file, as lines of the audit.
import { hash } from 'node:crypto';
import type { AuditAction, AuditDetails, AuditRecord } from '@activity/contracts';
import type { KeyEntry } from '@activity/service';

/** A key as the lines of the audit describe it. */
export interface KnownKey {
  /** What may be shown of it, as text: the same text is the same content. */
  content: string;
  revoked: boolean;
  /** It is not in the file any more. */
  removed: boolean;
  /** The id of its newest line, and when that says it was changed. */
  line: string;
  at: string;
}

/** The keys that the audit knows, by their ids. */
export type KnownKeys = Map<string, KnownKey>;

/** What may be shown of a key: neither the key nor its hash. */
function contentOf(entry: KeyEntry): AuditDetails {
  const { name, scopes, origins } = entry;
  const content = { name, scopes: scopes.toSorted() };
  return origins === undefined ? content : { ...content, origins: origins.toSorted() };
}

/** The content as one text: fields that are there, in the order of their names. */
function textOf(details: AuditDetails): string {
  const content = Object.entries(details).filter(([name]) => name !== 'revoked');
  return JSON.stringify(content.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Takes in a line that is in the topic. Lines of other things than keys change nothing. */
export function takeIn(known: KnownKeys, { _id: line, at, action, target, details }: AuditRecord): void {
  const before = known.get(target);
  switch (action) {
    case 'key.created':
    case 'key.changed':
      known.set(target, {
        content: textOf(details),
        revoked: details['revoked'] === true,
        removed: false,
        line,
        at,
      });
      return;
    case 'key.revoked':
      if (before !== undefined) known.set(target, { ...before, revoked: true, line, at });
      return;
    case 'key.removed':
      if (before !== undefined) known.set(target, { ...before, removed: true, line, at });
      return;
    case 'type.put':
    case 'type.deleted':
    case 'log.deleted':
    case 'user.erased':
      return;
  }
}

/** A line that is to be written. */
export interface KeyLine {
  line: AuditRecord;
  /** It takes back what the audit knows: an older copy of the file looks the same. */
  takesBack: boolean;
}

/**
 * The lines that are missing. A line's id is made of the change and of the key's line before it: two edges
 * that find the same change write the same line.
 */
export function missingLines(known: KnownKeys, entries: readonly KeyEntry[], now: number): KeyLine[] {
  const lines: KeyLine[] = [];
  const after: KnownKeys = new Map(known);

  function add(
    action: AuditAction,
    target: string,
    details: AuditDetails,
    { at, by, takesBack = false }: { at: string | undefined; by?: string | undefined; takesBack?: boolean },
  ): void {
    const before = after.get(target)?.line ?? '';
    const id = hash('sha256', JSON.stringify([action, target, details, before]), 'hex').slice(0, 32);
    const line: AuditRecord = {
      _id: id,
      at: at === undefined ? new Date(now).toISOString() : new Date(at).toISOString(),
      actor: by === undefined ? {} : { name: by },
      action,
      target,
      details,
    };
    takeIn(after, line);
    lines.push({ line, takesBack });
  }

  for (const entry of entries) {
    const content = contentOf(entry);
    const { id, createdAt, createdBy, changedAt, changedBy, revokedAt, revokedBy } = entry;
    const before = after.get(id);
    const revoked = revokedAt !== undefined;
    if (before === undefined || before.removed) {
      // A key that comes back does so now, whenever it was made.
      add('key.created', id, content, { at: before === undefined ? createdAt : undefined, by: createdBy });
    } else if (before.content !== textOf(content) || (before.revoked && !revoked)) {
      const details = before.revoked && revoked ? { ...content, revoked } : content;
      // By the tool, which keeps when and who; or by hand since.
      const byTool = changedAt !== undefined && changedAt > before.at;
      add('key.changed', id, details, {
        at: byTool ? changedAt : undefined,
        by: byTool ? changedBy : undefined,
        takesBack: before.revoked && !revoked,
      });
    }
    if (revoked && after.get(id)?.revoked === false) {
      add('key.revoked', id, content, { at: revokedAt, by: revokedBy });
    }
  }
  const there = new Set(entries.map(({ id }) => id));
  for (const [id, { removed }] of known) {
    if (!removed && !there.has(id)) add('key.removed', id, {}, { at: undefined, takesBack: true });
  }
  return lines;
}
