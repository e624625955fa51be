// Junk: records of every kind that no edge would write into the raw topic, each with the reason it is to be a
// dead letter for; and good events that only look odd.
import { maxIdBytes, maxPartitions, windowSizes } from '@activity/contracts';
import { partitionOf } from '@activity/kafka/core';

/** A record for the raw topic. */
export interface RawInput {
  partition: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer>;
  /** Why it is to be a dead letter; undefined for what is to be stored. */
  reason: string | undefined;
  /** The id of an event that is to be stored. */
  eventId: string;
}

/** The largest raw record that is processed, as the processor is told in these runs. */
export const maxRecordBytes = 100_000;

type Field = Record<string, unknown>;

/** Makes records, always the same ones for a source of random numbers. */
export function junkSource(random: () => number, partitions: number, now: number): () => RawInput {
  let made = 0;

  const below = (limit: number): number => Math.floor(random() * limit);
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const iso = (time: number): string => new Date(time).toISOString();
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));

  /** An id of `length` bytes, in some script. */
  function idOf(length: number): string {
    const character = oneOf(['x', 'é', '日', '🌍', '\u0001', '|']);
    const start = `${made}-`;
    const id = start + character.repeat(Math.floor((length - start.length) / Buffer.byteLength(character)));
    return id + '-'.repeat(length - Buffer.byteLength(id));
  }

  function eventOf(fields: Field): Field {
    const time = iso(now - below(windowSizes.day));
    const userId = `user-${below(50)}`;
    const eventId = `e-${made}`;
    return {
      eventId,
      userId,
      activityType: 'LOGIN',
      metadata: {},
      timestamp: time,
      receivedAt: time,
      ...fields,
    };
  }

  function record(value: unknown, reason: string | undefined, place: Partial<RawInput> = {}): RawInput {
    const given = value as Field | null;
    const userId = typeof given?.['userId'] === 'string' ? given['userId'] : `user-${below(50)}`;
    const eventId = typeof given?.['eventId'] === 'string' ? given['eventId'] : '';
    const content = Buffer.isBuffer(value) || value === null ? value : Buffer.from(textOf(value));
    const key = Buffer.from(userId);
    return {
      partition: partitionOf(key, partitions),
      key,
      value: content,
      headers: {},
      reason,
      eventId,
      ...place,
    };
  }

  const refused = (fields: Field, reason = 'invalid'): RawInput => record(eventOf(fields), reason);
  const raw = (text: string, reason: string): RawInput => record(Buffer.from(text), reason);
  const ownText = (json: string): string =>
    JSON.stringify(eventOf({})).replace('"metadata":{}', `"metadata":${json}`);
  const wrongPartition = ({ partition, ...rest }: RawInput, reason: string): RawInput => {
    return { ...rest, partition: (partition + 1 + below(partitions - 1)) % partitions, reason };
  };
  const badTime = (): unknown =>
    oneOf<unknown>([
      '0001-01-01T00:00:00.000Z',
      '0000-12-31T00:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
      '10000-01-01T00:00:00.000Z',
      '+010000-01-01T00:00:00.000Z',
      '-000001-01-01T00:00:00.000Z',
      '2026-13-01T00:00:00.000Z',
      '2026-02-30T00:00:00.000Z',
      '2026-01-01T24:00:00.000Z',
      '2026-01-01T00:00:00Z',
      '2026-01-01',
      'yesterday',
      '',
      0,
      -1,
      1e20,
      null,
      {},
    ]);

  const kinds: (() => RawInput)[] = [
    () => record(Buffer.concat([bytes(below(300)), Buffer.from([0xff])]), 'undecodable'),
    () => raw(JSON.stringify(eventOf({})).slice(0, -1 - below(80)), 'undecodable'),
    () => raw(oneOf(['', ' ', '{', 'undefined', 'NaN', '{}{}', "{'a':1}", '\ufeff{}']), 'undecodable'),
    () => raw('['.repeat(1 + below(50_000)), 'undecodable'),
    () =>
      record(null, 'invalid', oneOf<Partial<RawInput>>([{}, { key: null }, { key: Buffer.from([0xff]) }])),
    () => raw(oneOf(['[]', '1', '"text"', 'null', 'true', '{}', '{"a":1}', '[{}]']), 'invalid'),
    () => {
      const depth = 40 + below(20_000);
      return raw(ownText('['.repeat(depth) + ']'.repeat(depth)), 'too-deep');
    },
    () =>
      raw(
        ownText(oneOf(['{"n":9007199254740993}', '{"n":1e400}', '{"n":-1e999}', '{"a":{"$set":1}}'])),
        'invalid',
      ),
    () =>
      raw(
        ownText(oneOf(['{"__proto__":{}}', '{"a\\u0000b":1}', '{"constructor":1}', '"text"', '[]', 'null'])),
        'invalid',
      ),
    () => raw(ownText(oneOf(['{"a":"\\ud800"}', '{"\\udc00":1}', `[${'0,'.repeat(2_000)}0]`])), 'invalid'),
    () => refused({ userId: idOf(maxIdBytes + 1 + below(300)) }),
    () => refused({ eventId: idOf(maxIdBytes + 1 + below(2_000)) }),
    () =>
      refused({ [oneOf(['userId', 'eventId'])]: oneOf<unknown>(['', ' ', ' u', 'u\n', 1, null, [], {}]) }),
    () => refused({ [oneOf(['timestamp', 'receivedAt'])]: badTime() }),
    () => refused({ activityType: oneOf<unknown>(['NOPE', '', 'x'.repeat(65), 1, null, 'login']) }),
    () => refused({ metadata: oneOf<unknown>([null, [], 'x', 1, undefined]) }),
    () => refused({ timestampGiven: oneOf<unknown>([1, 'true', null]) }),
    () =>
      record(eventOf({}), 'invalid', {
        key: oneOf([null, Buffer.from('another'), bytes(8), Buffer.alloc(0)]),
      }),
    () => wrongPartition(record(eventOf({}), undefined), 'wrong-partition'),
    () => refused({ metadata: { text: 'x'.repeat(maxRecordBytes + below(300_000)) } }, 'too-large'),
    () =>
      record(eventOf({}), 'too-large', { headers: { big: Buffer.alloc(maxRecordBytes + below(500_000)) } }),
    // Value and headers are each under the limit.
    () =>
      record(eventOf({ metadata: { text: 'x'.repeat(maxRecordBytes * 0.6) } }), 'too-large', {
        headers: { [`h${'x'.repeat(below(100))}`]: Buffer.alloc(maxRecordBytes * 0.6) },
      }),
    () =>
      record(
        { command: oneOf<unknown>(['drop', '', 1, null, 'DELETE-LOG']), requestedAt: iso(now) },
        'invalid',
      ),
    () => {
      const id = oneOf<unknown>([-1, 0.5, '1', null, 9e15, 2 ** 53 - 1, maxPartitions * 1e9, partitions]);
      return record({ command: 'delete-log', id, requestedAt: iso(now) }, 'invalid');
    },
    () => record({ command: 'delete-log', id: 0, requestedAt: badTime() }, 'invalid', { partition: 0 }),
    () => record({ command: 'erase-user', userId: `junk-${made}`, requestedAt: badTime() }, 'invalid'),
    () => record({ command: 'erase-user', userId: idOf(maxIdBytes + 1), requestedAt: iso(now) }, 'invalid'),
    () => {
      const erase = { command: 'erase-user', userId: `junk-${made}`, requestedAt: iso(now) };
      return wrongPartition(record(erase, undefined), 'wrong-partition');
    },
  ];

  const forged = '9999-12-31T23:59:59.999Z';
  const good: (() => RawInput)[] = [
    () => record(eventOf({}), undefined),
    () => record(eventOf({}), undefined),
    () => record(eventOf({ userId: idOf(maxIdBytes), eventId: idOf(maxIdBytes) }), undefined),
    () => record(eventOf({ timestamp: forged, receivedAt: forged }), undefined),
    () => record(eventOf({ timestamp: forged, timestampGiven: true }), undefined),
    () => record(eventOf({ timestamp: '1970-01-01T00:00:00.000Z' }), undefined),
    () => record(eventOf({ metadata: { text: '"\\\u0001'.repeat(5_000), n: 1e15 } }), undefined),
    () => record(eventOf({}), undefined, { headers: { '': bytes(50), traceparent: Buffer.from('[[[\\') } }),
  ];

  return function next(): RawInput {
    made++;
    return oneOf(made % 4 === 0 ? good : kinds)();
  };
}

/** JSON; what it cannot write is left away. */
function textOf(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
