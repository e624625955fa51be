// A row of CSV as an event: its columns are the fields of an event and of its metadata.
import { fieldsOf, jsonOf } from '../../json-values.ts';
import type { Mapped } from './form.ts';

const prefix = 'metadata.';

/**
 * Makes the body of an event of the cells of a row. Empty cells count as missing; a `metadata` cell is JSON,
 * a `metadata.x` cell is the text of the field `x`. Every other column is left for the check of events: it
 * becomes part of the metadata, or is refused where it looks like a field's misspelt name.
 *
 * @example
 * rowEvent({ userId: 'ada', activityType: 'LOGIN', timestamp: '1767323045678', 'metadata.plan': 'pro' })
 * // { ok: true, body: { userId: 'ada', …, timestamp: 1767323045678, metadata: { plan: 'pro' } } }
 */
export function rowEvent(value: unknown): Mapped {
  const body: Record<string, unknown> = {};
  const metadata: Record<string, unknown> = {};
  for (const [name, cell] of Object.entries(value as Readonly<Record<string, string>>)) {
    if (cell === '') continue;
    if (name === 'metadata') {
      const parsed = fieldsOf(jsonOf(cell));
      if (parsed === undefined) return { ok: false, field: name, message: 'must be an object of JSON' };
      Object.assign(metadata, parsed);
    } else if (name.startsWith(prefix)) metadata[name.slice(prefix.length)] = cell;
    else if (name === 'timestamp' && /^-?\d+$/.test(cell)) body[name] = Number(cell);
    else body[name] = cell;
  }
  if (Object.keys(metadata).length > 0) body['metadata'] = metadata;
  return { ok: true, body };
}
