// Queries that mean harm: operators, broken encodings, forged cursors,
// absurd ranges; the same for the same seed.
import { request } from 'node:http';
import { randomOf } from '@activity/testbed/testing/random';

/** One query. */
export interface HostileQuery {
  method: string;
  path: string;
  headers: Record<string, string>;
}

/** What came back. */
export interface HostileAnswer {
  status: number;
  type: string;
  body: string;
}

const paths = [
  '/api/logs',
  '/api/logs',
  '/api/logs/export',
  '/api/logs/tail',
  '/api/logs/{text}',
  '/api/users/{text}/activity',
  '/api/users/{text}/timeline',
  '/api/stats/overview',
  '/api/stats/timeline',
  '/api/stats/types',
  '/api/stats/top-users',
  '/api/stats/active-users',
  '/api/events/{text}/trace',
  '/api/session',
  '/{text}',
];

const names = [
  'userId',
  'activityType',
  'from',
  'to',
  'eventId',
  'session',
  'device',
  'country',
  'ip',
  'bot',
  'page',
  'limit',
  'cursor',
  'sort',
  'wait',
  'interval',
  'tz',
  'window',
  'days',
  'format',
  'lastEventId',
  '$where',
  '__proto__',
  'constructor',
  'filter',
  'userId[$ne]',
  'userId[]',
  'userId.$gt',
];

const values = [
  '',
  '0',
  '1',
  '-1',
  '1e9',
  '1.5',
  '9007199254740993',
  '99999999999999999999',
  'NaN',
  'Infinity',
  '0x10',
  'true',
  'false',
  'null',
  'undefined',
  '[object Object]',
  'user-1',
  'LOGIN',
  'LOGIN,LOGOUT',
  'PAGE_VIEW',
  '{"$gt":""}',
  '{"$ne":null}',
  '{"$where":"sleep(1000)"}',
  '$where',
  '[$regex]=.*',
  '(a+)+$',
  '.*',
  '/.*/i',
  '2026-01-01T00:00:00Z',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '+275760-09-13T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '1795390000000',
  '-1795390000000',
  '253402300800000',
  'now',
  '2026-01-01',
  'UTC',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Antarctica/Troll',
  'Etc/GMT+14',
  '../../etc/passwd',
  'utc;drop',
  'minute',
  'hour',
  'day',
  'second',
  '5m',
  '1h',
  '24h',
  'all',
  'newest',
  'oldest',
  'csv',
  'ndjson',
  'xml',
  '10s',
  '500ms',
  '99999s',
  '203.0.5.7',
  '203.0.5.0/24',
  '0.0.0.0/0',
  '::1',
  '2001:db8:1::/48',
  '1.2.3.4/33',
  '%00',
  '%',
  '%f',
  '%ff%fe',
  '%c0%af',
  '%ed%a0%80',
  '%u0041',
  '..%2f..%2f',
  '%0d%0aset-cookie:x=1',
  '😀',
  'é',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '${7*7}',
  '{{7*7}}',
  'a'.repeat(300),
  'x'.repeat(5e3),
  'WyJuZXdlc3QiLCJhZnRlciIsMSwxLCJ4Il0.AAAAAAAAAAAAAAAAAAAAAA',
  'e30.e30',
  'a.b.c',
  '.',
  '82',
  'FFFFFFFFFFFFFFFFFFFF',
];

const headerValues = [
  '',
  'x',
  'Bearer',
  'Bearer act_0',
  '82FF',
  'FFFFFFFFFFFFFFFFFFFFFFFF',
  'activity_session=x.y.z',
  '"',
  '*/*',
  '-1',
];
const headerNames = [
  'authorization',
  'x-api-key',
  'last-event-id',
  'cookie',
  'x-request-id',
  'accept',
  'range',
  'origin',
  'content-type',
];

/** Makes queries. `cursors` are real ones, which are used in the wrong places and damaged. */
export function* hostileQueries(
  seed: number,
  count: number,
  cursors: readonly string[],
): Generator<HostileQuery> {
  const random = randomOf(seed);
  const one = (from: readonly string[]): string => from[Math.floor(random() * from.length)] ?? '';

  function value(name: string): string {
    if (name === 'cursor' && random() < 0.7) {
      const real = one(cursors);
      if (random() < 0.4) return real;
      const at = Math.floor(random() * real.length);
      return real.slice(0, at) + one(['', 'A', '.', '=']) + real.slice(at + 1);
    }
    const text = one(values) + (random() < 0.1 ? one(values) : '');
    // Sent as they are where they are encoded already, or half of the time where that is possible at all.
    const plain = /^[!-"$%'-;=?-~]*$/.test(text) && !/[#&+]/.test(text);
    return plain && random() < 0.5 ? text : encodeURIComponent(text);
  }

  for (let index = 0; index < count; index++) {
    const path = one(paths).replace(
      '{text}',
      () => value('text').replaceAll('/', '%2F').slice(0, 2_000) || 'x',
    );
    const parameters = Array.from({ length: Math.floor(random() * 6) }, () => {
      const name = one(names);
      return `${random() < 0.5 ? name : encodeURIComponent(name)}=${value(name)}`;
    });
    const headers: Record<string, string> = {};
    if (random() < 0.3) headers[one(headerNames)] = one(headerValues);
    const method = random() < 0.93 ? 'GET' : one(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
    yield { method, path: parameters.length > 0 ? `${path}?${parameters.join('&')}` : path, headers };
  }
}

/** Sends a query just as it is. An answer without end is read for a moment. */
export async function sendHostile(
  port: number,
  { method, path, headers }: HostileQuery,
): Promise<HostileAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      const type = response.headers['content-type'] ?? '';
      const status = response.statusCode ?? 0;
      let body = '';
      function done(): void {
        clearTimeout(timer);
        sent.destroy();
        resolve({ status, type, body });
      }
      const timer = setTimeout(done, type.startsWith('text/event-stream') ? 20 : 30_000);
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        if (body.length < 10_000) body += text;
      });
      response.on('end', done);
      response.on('error', done);
    });
    sent.on('error', reject);
    sent.end();
  });
}
