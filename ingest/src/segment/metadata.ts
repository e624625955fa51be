// The metadata of an event that comes by Segment's API: its properties, and its context under the names that
// enrichment reads.
import { fieldsOf, type Fields } from '../json-values.ts';

/** Fields of `context` that go into the metadata under their own names. */
const ownNames = ['ip', 'userAgent', 'locale', 'timezone', 'library'] as const;
/** The same of `context.page`. */
const pageNames = ['url', 'path', 'referrer', 'title', 'search'] as const;
/** Fields of a call beside its properties, traits and context. */
const callNames = ['anonymousId', 'groupId', 'previousId', 'name', 'category', 'channel'] as const;

/**
 * Makes the metadata of a call. The fields of `properties` come first and are never overwritten: where the
 * call says something else under the same name, its field has a `_` at its end.
 *
 * | in the call | in the metadata |
 * | --- | --- |
 * | `properties.x` | `x` |
 * | `traits.x`, `context.traits.x` | `traits.x` |
 * | `context.ip`, `userAgent`, `locale`, `timezone`, `library` | the same name |
 * | `context.page.url`, `path`, `referrer`, `title`, `search` | the same name |
 * | `context.campaign.name`, and its other fields | `utm_campaign`, `utm_…` |
 * | the rest of `context` | `context.…` |
 * | `anonymousId`, `groupId`, `previousId`, `name`, `category`, `channel` | the same name |
 *
 * @example
 * segmentMetadata({ properties: { total: 5 }, context: { page: { url: '/' } }, anonymousId: 'a' })
 * // { total: 5, url: '/', anonymousId: 'a' }
 */
export function segmentMetadata(call: Fields): Record<string, unknown> {
  const properties = fieldsOf(call['properties']);
  const metadata: Record<string, unknown> = { ...properties };
  const context = fieldsOf(call['context']);

  function add(name: string, value: unknown): void {
    if (value === undefined || value === null) return;
    let free = name;
    while (Object.hasOwn(metadata, free)) {
      if (metadata[free] === value) return;
      free += '_';
    }
    metadata[free] = value;
  }

  if (properties === undefined) add('properties', call['properties']);
  for (const name of callNames) add(name, call[name]);
  add('traits', traitsOf(call['traits'], context?.['traits']));
  if (context === undefined) {
    add('context', call['context']);
    return metadata;
  }
  const { traits: _traits, page, campaign, ...others } = context;
  const rest: Record<string, unknown> = others;
  for (const name of ownNames) {
    add(name, rest[name]);
    delete rest[name];
  }
  const restOfPage = addPage(page, add);
  if (restOfPage !== undefined) rest['page'] = restOfPage;
  const restOfCampaign = addCampaign(campaign, add);
  if (restOfCampaign !== undefined) rest['campaign'] = restOfCampaign;
  if (Object.keys(rest).length > 0) add('context', rest);
  return metadata;
}

type Add = (name: string, value: unknown) => void;

/** Adds a page's fields. Returns what is left of them. */
function addPage(page: unknown, add: Add): unknown {
  const fields = fieldsOf(page);
  if (fields === undefined) return page ?? undefined;
  const rest: Record<string, unknown> = { ...fields };
  for (const name of pageNames) {
    // Browsers send empty texts for what a page does not have.
    if (fields[name] !== '') add(name, fields[name]);
    delete rest[name];
  }
  return Object.keys(rest).length > 0 ? rest : undefined;
}

/** Adds a campaign's fields. Returns the campaign where it is no object. */
function addCampaign(campaign: unknown, add: Add): unknown {
  const fields = fieldsOf(campaign);
  if (fields === undefined) return campaign ?? undefined;
  for (const [name, value] of Object.entries(fields))
    add(`utm_${name === 'name' ? 'campaign' : name}`, value);
  return undefined;
}

/** Both kinds of traits in one: those of the call itself win. */
function traitsOf(own: unknown, ofContext: unknown): unknown {
  const [first, second] = [fieldsOf(ofContext), fieldsOf(own)];
  if (own !== undefined && own !== null && second === undefined) return own;
  const traits = { ...first, ...second };
  if (Object.keys(traits).length > 0) return traits;
  return first === undefined && second === undefined ? ofContext : undefined;
}
