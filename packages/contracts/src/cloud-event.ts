// CloudEvents: how one is kept as an activity event, so that the edge and the processor agree on it.
import { hash } from 'node:crypto';
import { idProblem } from './ids.ts';

/** The field of the metadata that holds the attributes of a CloudEvent that have no field of their own. */
export const cloudEventField = 'cloudevent';

/**
 * The event id of a CloudEvent: `source#id`; its SHA-256 in hex where that is too long for an event id, or no
 * event id for another reason.
 * @example cloudEventId('/shop', '17') // '/shop#17'
 */
export function cloudEventId(source: string, id: string): string {
  const text = `${source}#${id}`;
  return idProblem(text) === undefined ? text : hash('sha256', text);
}
