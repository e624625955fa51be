// From a CloudEvent to an activity event, or to what is wrong with it in the words of CloudEvents.
import { cloudEventField, cloudEventId } from '@activity/contracts';
import { firstProblems } from '@activity/service';
import type { FieldProblem } from '@activity/service';
import { fieldsOf } from '../json-values.ts';
import { parseEvent, refused } from '../parse-event.ts';
import type { EventRules, ParsedEvent, Stamp } from '../parse-event.ts';
import { dataOfBytes, dataOfJson } from './event-data.ts';
import type { EventData, ReadData } from './event-data.ts';
import { attributesOf } from './http-mode.ts';

/** What parsing needs. */
export interface ParseOptions {
  rules: EventRules;
  stamp: Stamp;
}

type Attributes = Record<string, unknown>;

const attributeName = /^[a-z0-9]+$/;

/** Attributes that are text by the specification. */
const texts = ['id', 'source', 'type', 'subject', 'time', 'dataschema', 'datacontenttype'] as const;
const required = ['id', 'source', 'type'] as const;

/** Attributes that are fields of an activity event; `specversion` is the same in all. */
const fieldsOfEvent: ReadonlySet<string> = new Set(['specversion', 'type', 'subject', 'time']);

/** Parses an event in the JSON format: a structured request, or one entry of a batch. */
export function parseStructured(value: unknown, options: ParseOptions): ParsedEvent {
  const fields = fieldsOf(value);
  if (fields === undefined) return refused('body', 'must be a CloudEvent: a JSON object');
  const { data: _data, data_base64: _base64, ...attributes } = fields;
  const contentType = attributes['datacontenttype'];
  const type = typeof contentType === 'string' ? contentType : undefined;
  return parseParts(attributes, dataOfJson(fields, type), options);
}

/** Parses an event in the binary mode: its attributes are headers, the body is its data. */
export function parseBinary(
  headers: Record<string, string>,
  bytes: Buffer,
  options: ParseOptions,
): ParsedEvent {
  const decoded = attributesOf(headers);
  const broken = Object.keys(decoded).filter((name) => decoded[name] === undefined);
  if (broken.length > 0) {
    const message = 'must be percent-encoded UTF-8 in its header';
    return { ok: false, details: firstProblems(broken.map((field) => ({ field, message }))) };
  }
  if (Object.keys(decoded).length === 0) return { ok: false, details: [noEvent] };
  const contentType = headers['content-type'];
  const attributes = { ...decoded, ...(contentType !== undefined && { datacontenttype: contentType }) };
  return parseParts(attributes, dataOfBytes(bytes, contentType), options);
}

const noEvent: FieldProblem = {
  field: 'specversion',
  message:
    'is missing: send the attributes as ce-… headers, or Content-Type: application/cloudevents+json or application/cloudevents-batch+json',
};

function parseParts(attributes: Attributes, data: ReadData, { rules, stamp }: ParseOptions): ParsedEvent {
  for (const name in attributes) if (attributes[name] === null) delete attributes[name];
  const problems = [...problemsOf(attributes), ...(data.ok ? [] : data.details)];
  if (problems.length > 0 || !data.ok) return { ok: false, details: firstProblems(problems) };
  const { subject, type, time } = attributes;
  const user = subject ?? userIn(data.data);
  if (user === undefined) return { ok: false, details: [noUser] };
  const { judged, metadata } = metadataOf(attributes, data.data);
  const body = {
    userId: user,
    activityType: type,
    eventId: cloudEventId(String(attributes['source']), String(attributes['id'])),
    ...(time !== undefined && { timestamp: time }),
    metadata,
  };
  const event = parseEvent(body, rules, stamp, judged);
  if (event.ok) return event;
  const nested = 'data' in metadata;
  const details = event.details.map(({ field, message }) => ({
    field: attributeOf(field, { nested, subject: subject !== undefined }),
    message,
  }));
  return { ...event, details };
}

const noUser: FieldProblem = {
  field: 'subject',
  message: 'is missing: an event is of a user, who is its subject, or the userId in its data',
};

function problemsOf(attributes: Attributes): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const version = attributes['specversion'];
  if (version !== '1.0') {
    const said = typeof version === 'string' ? `${version.slice(0, 20)} is not supported` : 'is missing';
    problems.push({ field: 'specversion', message: `${said}: it must be "1.0"` });
  }
  for (const name of required) {
    if (attributes[name] === undefined || attributes[name] === '')
      problems.push({ field: name, message: 'must be there and not empty' });
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (!attributeName.test(name))
      problems.push({ field: name, message: 'names of attributes must be lower-case letters and digits' });
    else if ((texts as readonly string[]).includes(name) && typeof value !== 'string')
      problems.push({ field: name, message: 'must be a text' });
    else if (typeof value === 'object')
      problems.push({ field: name, message: 'must be a text, an integer, true or false' });
    else if (typeof value === 'number' && !Number.isInteger(value))
      problems.push({ field: name, message: 'must be an integer, or a text' });
  }
  return problems;
}

function userIn(data: EventData | undefined): unknown {
  return data?.kind === 'value' ? (fieldsOf(data.value)?.['userId'] ?? undefined) : undefined;
}

/**
 * The fields of an object are the metadata's, where enrichment and schemas look for them; other data is its
 * field `data` or `data_base64`. The schema of the type judges these, and not the attributes beside them.
 */
function metadataOf(
  attributes: Attributes,
  data: EventData | undefined,
): Record<'judged' | 'metadata', Record<string, unknown>> {
  const own = Object.fromEntries(Object.entries(attributes).filter(([name]) => !fieldsOfEvent.has(name)));
  const judged = fieldsOfData(data);
  return { judged, metadata: { ...judged, [cloudEventField]: own } };
}

function fieldsOfData(data: EventData | undefined): Record<string, unknown> {
  if (data === undefined) return {};
  if (data.kind === 'bytes') return { data_base64: data.base64 };
  const fields = fieldsOf(data.value);
  // One with a field of that name would lose it.
  return fields !== undefined && !Object.hasOwn(fields, cloudEventField) ? fields : { data: data.value };
}

const attributeOfField: Record<string, string> = { activityType: 'type', eventId: 'id', timestamp: 'time' };

/** What a field of an activity event is called in the CloudEvent that it was made of. */
function attributeOf(field: string, { nested, subject }: { nested: boolean; subject: boolean }): string {
  if (field === 'userId') return subject ? 'subject' : 'data.userId';
  const attribute = attributeOfField[field];
  if (attribute !== undefined) return attribute;
  const attributePath = `metadata.${cloudEventField}.`;
  if (field.startsWith(attributePath)) return field.slice(attributePath.length);
  if (!field.startsWith('metadata.')) return field === 'metadata' ? 'data' : field;
  const path = field.slice('metadata.'.length);
  return nested ? path : `data.${path}`;
}
