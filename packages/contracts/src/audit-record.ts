// The audit record: one line for each change of keys and of types, and for each deletion.
import { z } from 'zod';

/** What was done. */
export const auditActions = [
  'key.created',
  'key.changed',
  'key.revoked',
  'key.removed',
  'type.put',
  'type.deleted',
  'log.deleted',
  'user.erased',
] as const;
/** One of them. */
export type AuditAction = (typeof auditActions)[number];

/**
 * What kind of thing an action changes: the first part of its name. It is the Kafka key of its lines, so that
 * those of one kind are in one partition, in order.
 */
export function auditKindOf(action: AuditAction): string {
  return action.slice(0, action.indexOf('.'));
}
/** The kinds of things that are changed. */
export const auditKinds = [...new Set(auditActions.map(auditKindOf))];

const text = z.string().max(65_536);

/** Who did it. Empty where no key was asked for, and where a file was changed by nobody who gave a name. */
export const auditActor = z.object({
  keyId: z.string().optional().describe('The id of the API key'),
  name: z.string().optional().describe('Whose key it is, or who changed the file of keys'),
});
export type AuditActor = z.infer<typeof auditActor>;

/**
 * More of a change: flat, so that MongoDB stores whatever the values hold. A JSON Schema is text here: names
 * of fields that begin with `$` would be refused.
 */
export const auditDetails = z.record(
  z.string().regex(/^[a-zA-Z][a-zA-Z0-9]{0,63}$/),
  z.union([text, z.number().int(), z.boolean(), z.array(text)]),
);
export type AuditDetails = z.infer<typeof auditDetails>;

/** One change: the value of a record of the audit topic, and the document that is made of it. */
export const auditRecord = z.object({
  _id: z.string().min(1).max(256).describe('The same for the same change, whoever writes the line'),
  at: z.iso.datetime({ precision: 3 }).describe('When it was changed'),
  actor: auditActor.describe('Who changed it'),
  action: z.enum(auditActions),
  target: z
    .string()
    .min(1)
    .describe('What was changed: the id of a key, the name of a type, the number of a log'),
  details: auditDetails.describe('What it was changed to. Never a key, nor the hash of one'),
});
export type AuditRecord = z.infer<typeof auditRecord>;
