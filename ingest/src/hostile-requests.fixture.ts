// Requests that no honest client sends, in bytes: what is inside them, how they are packed, how they are
// framed.
import { brotliCompressSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';

const hostileText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\0',
    '\ud800',
    '${jndi:ldap://x}',
    "'; DROP TABLE logs;--",
    '../../etc/passwd',
    'x'.repeat(400),
    '\u202e',
  ),
);
const hostileName = fc
  .oneof(
    hostileText,
    fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      '$set',
      '$where',
      'a.b',
      '',
      'a\0b',
      'toString',
      '\ud800',
      'then',
    ),
  )
  .map((name) => JSON.stringify(name));
const hostileScalar = fc.oneof(
  hostileText.map((text) => JSON.stringify(text)),
  fc.constantFrom(
    '1e400',
    '-1e400',
    '9007199254740993',
    '-0',
    '123456789012345678901234567890',
    'NaN',
    '0x1',
    '1_000',
  ),
  fc.constantFrom('null', 'true', '{}', '[]', '', '{"a":1,"a":2}', '"\\ud800"', '"\\u0000"'),
  fc.constantFrom(40, 500, 5_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
);
const { value: hostileValue } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    hostileScalar,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc
      .array(fc.tuple(hostileName, tie('value')), { maxLength: 4 })
      .map((fields) => `{${fields.map(([name, value]) => `${name}:${value}`).join(',')}}`),
  ),
}));

/** Mostly the one, at times the other: so that what is behind a check is reached too. */
function mostly<T>(usual: T, hostile: fc.Arbitrary<T>, times = 9): fc.Arbitrary<T> {
  return fc.oneof({ weight: times, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: hostile });
}

const hostileEvent = fc
  .record(
    {
      userId: mostly('"u"', hostileValue),
      activityType: mostly('"LOGIN"', hostileValue),
      metadata: mostly('{"a":[1,{"b":"c"}]}', hostileValue, 2),
      eventId: mostly('"e"', hostileValue, 3),
      timestamp: mostly('"2026-01-02T03:04:05Z"', hostileValue, 3),
      extra: hostileValue,
    },
    { requiredKeys: ['userId', 'activityType'] },
  )
  .map(
    (fields) =>
      `{${Object.entries(fields)
        .map(([name, value]) => `"${name}":${value}`)
        .join(',')}}`,
  );

interface Body {
  bytes: Buffer;
  headers: Record<string, string>;
}

function plain(text: string, type: string): Body {
  return { bytes: Buffer.from(text), headers: { 'content-type': type } };
}

function pack(encoding: string, bytes: Buffer): Buffer {
  return encoding === 'br' ? brotliCompressSync(bytes) : gzipSync(bytes);
}

const bombs = new Map(
  ['gzip', 'br'].map((encoding) => [encoding, pack(encoding, Buffer.alloc(3_000_000, '['))]),
);

const hostileBody: fc.Arbitrary<Body> = fc.oneof(
  { weight: 5, arbitrary: hostileEvent.map((text) => plain(text, 'application/json')) },
  {
    weight: 3,
    arbitrary: fc
      .array(hostileEvent, { maxLength: 5 })
      .map((all) => plain(`[${all.join(',')}]`, 'application/json')),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(hostileEvent, { maxLength: 5 })
      .map((all) => plain(all.join('\n'), 'application/x-ndjson')),
  },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 2_000 })
      .map((bytes) => ({ bytes: Buffer.from(bytes), headers: {} })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom('gzip', 'br', 'deflate', 'zstd', 'gzip, gzip', 'x'),
        hostileEvent,
        mostly(true, fc.constant(false)),
      )
      .map(([encoding, text, honest]) => ({
        bytes: honest ? pack(encoding, Buffer.from(text)) : Buffer.from(text),
        headers: { 'content-encoding': encoding },
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('gzip', 'br').map((encoding) => ({
      bytes: bombs.get(encoding) ?? Buffer.alloc(0),
      headers: { 'content-encoding': encoding },
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(40_000, 2_000_000)
      .map((length) => ({ bytes: Buffer.alloc(length, ' '), headers: {} })),
  },
);

const hostilePath = fc.oneof(
  { weight: 6, arbitrary: fc.constant('/api/logs') },
  { weight: 4, arbitrary: fc.constant('/api/logs/batch') },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('/api/logs/', '/api/users/', '/', '/api/', '/docs/'), hostileText)
      .map(([prefix, text]) => prefix + encodeURIComponent(text.toWellFormed())),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '/api/logs/%',
      '/api/users/%ff',
      '/api/users/%00',
      '//',
      '/api/logs/../..',
      '/*',
      '/health?%',
    ),
  },
);

const printable = fc.stringMatching(/^[\x21-\x7e]{0,60}$/);
const hostileHeader = fc.tuple(
  fc.constantFrom(
    'authorization',
    'x-api-key',
    'x-forwarded-for',
    'origin',
    'traceparent',
    'tracestate',
    'x-request-id',
    'accept',
    'cookie',
    'te',
    'range',
  ),
  fc.oneof(
    { weight: 30, arbitrary: printable },
    { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii' }) },
  ),
);

/** One request in bytes. It asks for the connection to be closed. */
export const hostileRequest: fc.Arbitrary<Buffer> = fc
  .record({
    method: fc.oneof(
      { weight: 8, arbitrary: fc.constant('POST') },
      {
        weight: 2,
        arbitrary: fc.constantFrom('DELETE', 'GET', 'PUT', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'FOO'),
      },
    ),
    path: hostilePath,
    body: hostileBody,
    headers: fc.array(hostileHeader, { maxLength: 4 }),
    framing: fc.oneof(
      { weight: 25, arbitrary: fc.constantFrom('length', 'chunked') },
      { weight: 1, arbitrary: fc.constantFrom('short', 'long', 'bad-length', 'both', 'none', 'bad-chunk') },
    ),
    host: mostly('edge', fc.constantFrom('', 'a b', 'x:y:z', '[::1', 'a/../b'), 40),
  })
  .map(({ method, path, body, headers, framing, host }) => {
    const [framingHeaders, payload] = frame(framing, body.bytes);
    const lines = [
      `${method} ${path} HTTP/1.1`,
      `host: ${host}`,
      ...Object.entries(body.headers).map(([name, value]) => `${name}: ${value}`),
      ...headers.map(([name, value]) => `${name}: ${value.replaceAll('\r', '').replaceAll('\n', '')}`),
      ...framingHeaders,
      'connection: close',
    ];
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), payload]);
  });

function frame(framing: string, bytes: Buffer): [string[], Buffer] {
  switch (framing) {
    case 'length':
      return [[`content-length: ${bytes.length}`], bytes];
    case 'chunked':
      return [['transfer-encoding: chunked'], chunked(bytes)];
    case 'short':
      return [[`content-length: ${bytes.length + 10}`], bytes];
    case 'long':
      return [[`content-length: ${Math.max(0, bytes.length - 3)}`], bytes];
    case 'bad-length':
      return [['content-length: -5'], bytes];
    case 'both':
      return [[`content-length: ${bytes.length}`, 'transfer-encoding: chunked'], chunked(bytes)];
    case 'bad-chunk':
      return [['transfer-encoding: chunked'], Buffer.from('zz\r\nnonsense')];
    default:
      return [[], bytes];
  }
}

function chunked(bytes: Buffer): Buffer {
  const half = Math.floor(bytes.length / 2);
  const parts = [bytes.subarray(0, half), bytes.subarray(half)].filter((part) => part.length > 0);
  return Buffer.concat([
    ...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from('0\r\n\r\n'),
  ]);
}
