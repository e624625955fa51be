// Our own export: what the client sent is taken, what the pipeline has added is made again.
import { fieldsOf, jsonOf, type Fields } from '../../json-values.ts';
import { noObject, type Mapped } from './form.ts';

/** The fields of an event as the edge takes it. */
const sent = ['eventId', 'userId', 'activityType', 'timestamp', 'metadata'] as const;

function bodyOf(fields: Fields): Mapped {
  return { ok: true, body: Object.fromEntries(sent.map((name) => [name, fields[name]])) };
}

/** A line of `GET /api/logs/export`. */
export function exportedEvent(value: unknown): Mapped {
  const fields = fieldsOf(value);
  return fields === undefined ? noObject : bodyOf(fields);
}

/**
 * What the export marks as text has an apostrophe before it, and so has every text that begins with one: see
 * `csvCell` of the query service.
 */
const mark = /^'/;

/** A row of `GET /api/logs/export?format=csv`. */
export function exportedRow(value: unknown): Mapped {
  const cells = value as Readonly<Record<string, string>>;
  const fields: Record<string, unknown> = {};
  for (const name of sent) {
    const cell = cells[name];
    if (cell === undefined || cell === '') continue;
    const text = cell.replace(mark, '');
    fields[name] = name === 'metadata' ? jsonOf(text) : text;
    if (fields[name] === undefined) return { ok: false, field: name, message: 'must be an object of JSON' };
  }
  return bodyOf(fields);
}
