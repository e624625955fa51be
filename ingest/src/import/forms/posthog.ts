// Events of PostHog, as its exports write them.
import { fieldsOf, jsonOf, type Fields } from '../../json-values.ts';
import { noObject, type Mapped } from './form.ts';

/** The types of PostHog's own events; every other event's type is its name. */
const types: ReadonlyMap<string, string> = new Map([
  ['$pageview', 'PAGE_VIEW'],
  ['$screen', 'SCREEN'],
  ['$identify', 'IDENTIFY'],
  ['$groupidentify', 'GROUP'],
  ['$create_alias', 'ALIAS'],
]);

/** Properties under the names that enrichment reads. */
const names: ReadonlyMap<string, string> = new Map([
  ['$ip', 'ip'],
  ['$current_url', 'url'],
  ['$pathname', 'path'],
  ['$referrer', 'referrer'],
  ['$raw_user_agent', 'userAgent'],
  ['$user_agent', 'userAgent'],
  ['$useragent', 'userAgent'],
  ['$device_type', 'device'],
]);

/** What PostHog writes where a page has no referrer. */
const noReferrer = '$direct';

/**
 * Maps one event. The id is its `uuid`, the user its `distinct_id`, the metadata its properties without the
 * `$` before their names, which no field may begin with.
 *
 * @example
 * const properties = { $current_url: 'https://shop.example/', plan: 'pro' };
 * posthogEvent({ uuid: '0190…', event: '$pageview', distinct_id: 'ada', properties })
 * // { ok: true, body: { eventId: '0190…', userId: 'ada', activityType: 'PAGE_VIEW',
 * //   metadata: { url: 'https://shop.example/', plan: 'pro' } } }
 */
export function posthogEvent(value: unknown): Mapped {
  const fields = fieldsOf(value);
  if (fields === undefined) return noObject;
  const { event, distinct_id: userId, timestamp } = fields;
  if (typeof event !== 'string' || event === '')
    return { ok: false, field: 'event', message: 'must be the name of what happened' };
  const given = fields['properties'] ?? {};
  const properties = fieldsOf(typeof given === 'string' ? jsonOf(given) : given);
  if (properties === undefined) return { ok: false, field: 'properties', message: 'must be an object' };
  const metadata = metadataOf(properties);
  if (metadata['ip'] === undefined && typeof fields['ip'] === 'string') metadata['ip'] = fields['ip'];
  const body = {
    eventId: fields['uuid'] ?? fields['id'],
    userId: typeof userId === 'number' ? String(userId) : userId,
    activityType: types.get(event) ?? event,
    timestamp: typeof timestamp === 'string' ? isoOf(timestamp) : timestamp,
    metadata,
  };
  return { ok: true, body };
}

function metadataOf(properties: Fields): Record<string, unknown> {
  const metadata: Record<string, unknown> = {};
  // The names of the event's own come first: what is renamed gives way.
  const own = Object.entries(properties).filter(([name]) => !name.startsWith('$'));
  for (const [name, value] of own) metadata[name] = plain(value);
  for (const [name, value] of Object.entries(properties)) {
    if (!name.startsWith('$') || value === null) continue;
    if (name === '$referrer' && value === noReferrer) continue;
    let free = names.get(name) ?? plainName(name);
    while (Object.hasOwn(metadata, free)) free += '_';
    metadata[free] =
      name === '$device_type' && typeof value === 'string' ? value.toLowerCase() : plain(value);
  }
  return metadata;
}

function plainName(name: string): string {
  return name.replace(/^\$+/, '') || '_';
}

/** A value whose objects have no names with `$` before them. What nests too deep is refused later. */
function plain(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 64) return value;
  if (Array.isArray(value)) return value.map((one) => plain(one, depth + 1));
  const fields: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(value)) {
    let free = plainName(name);
    while (Object.hasOwn(fields, free)) free += '_';
    fields[free] = plain(child, depth + 1);
  }
  return fields;
}

/** PostHog's database writes UTC without saying so, with a blank between day and time. */
function isoOf(text: string): string {
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
}
