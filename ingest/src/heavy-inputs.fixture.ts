// Requests that could cost an edge much memory or much time, each far more than its bytes; for an edge whose
// broker is away.
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { repeat } from '@activity/testbed/testing/repeat';

/** One kind of input. `share` of its usual number of requests is sent, between 0 and 1. */
export interface HeavyInput {
  what: string;
  /** What it costs is Node's own: Node parses all that it reads at a time, 64 KB, in one piece. */
  nodesOwn?: true;
  send: (port: number, share: number) => Promise<unknown>;
}

const megabyte = 1_048_576;
const gzip = { 'content-encoding': 'gzip' };
const ndjson = { 'content-type': 'application/x-ndjson' };

/** Posts a body, and returns the status. */
export async function post(
  port: number,
  path: string,
  body: Buffer | string,
  headers: Record<string, string> = {},
): Promise<number> {
  const url = `http://127.0.0.1:${port}${path}`;
  const response = await fetch(url, { method: 'POST', body: Uint8Array.from(Buffer.from(body)), headers });
  await response.arrayBuffer();
  return response.status;
}

/** Connects, writes bytes as they are, and keeps the connection for so long, or until the edge ends it. */
async function hold(port: number, bytes: Buffer | string, milliseconds: number): Promise<void> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  socket.write(bytes);
  await Promise.race([closed, sleep(milliseconds)]);
  socket.destroy();
}

function head(path: string, headers: readonly string[], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'host: edge', ...headers, '', ''].join('\r\n');
}

/** 120 batches of 1,000 events of `bytes` bytes. Returns the statuses. */
export async function waitForBroker(port: number, bytes: number, share: number): Promise<number[]> {
  const events = Array.from({ length: 1_000 }, (_, index) => ({
    userId: `u${index}`,
    activityType: 'LOGIN',
    metadata: { text: 'x'.repeat(bytes - 60) },
  }));
  const body = JSON.stringify(events);
  const count = Math.ceil(120 * share);
  return Promise.all(Array.from({ length: count }, async () => post(port, '/api/logs/batch', body)));
}

/** Packs a batch once, and sends it many times. */
function batches(
  what: string,
  body: string,
  times: number,
  headers: Record<string, string> = {},
): HeavyInput {
  const packed = gzipSync(body);
  return {
    what,
    send: async (port, share) =>
      repeat(Math.ceil(times * share), 10, async () =>
        post(port, '/api/logs/batch', packed, { ...gzip, ...headers }),
      ),
  };
}

/** Names that differ in case and in `_` from a field's, which are all refused as misspelt. */
function misspellings(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const letters = 'userid'.split('');
    return letters
      .map((letter, at) => ((index >> at) & 1 ? letter.toUpperCase() : letter))
      .join('_'.repeat(1 + (index >> 6)));
  });
}

const event = '"userId":"u","activityType":"LOGIN"';
const underscores = Array.from({ length: 480 }, (_, index) => `"a${'_'.repeat(index)}":1`).join(',');

/** All kinds. */
export const heavyInputs: readonly HeavyInput[] = [
  {
    what: 'long names of fields whose events are refused',
    send: async (port, share) =>
      repeat(Math.ceil(300 * share), 10, async (index) => {
        const name = String(index).padEnd(32_000, 'x');
        const body = `{"userId":"u","activityType":"NONE","metadata":{"${name}":1}}`;
        return post(port, '/api/logs', gzipSync(body), gzip);
      }),
  },
  batches('kilobytes that become 500,000 numbers', `[[${'1,'.repeat(499_999)}1]]`, 200),
  batches('half a million numbers that are no event each', `[${'1,'.repeat(499_999)}1]`, 100),
  batches('a thousand empty objects', `[${'{},'.repeat(999)}{}]`, 50),
  batches('deep arrays', '['.repeat(500_000) + ']'.repeat(500_000), 100),
  batches('deep objects', `[${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}]`, 100),
  batches('half a batch', '['.repeat(megabyte), 100),
  batches('blank lines', '\n'.repeat(megabyte), 100, ndjson),
  batches('blank lines with blanks between', ' \r\n\t'.repeat(megabyte / 4), 100, ndjson),
  batches('lines that are no JSON', 'x\n'.repeat(megabyte / 2), 100, ndjson),
  batches('a line of a megabyte of digits', '1'.repeat(megabyte), 100, ndjson),
  batches('a text of a megabyte of escapes', `[{"userId":"${'\\u0041'.repeat(170_000)}"}]`, 50),
  batches('a name of a megabyte', `[{${event},"metadata":{"${'x'.repeat(megabyte - 100)}":1}}]`, 50),
  batches('a time of a megabyte', `[{${event},"timestamp":"${'2026-'.repeat(200_000)}"}]`, 50),
  batches('a time of a megabyte of blanks', `[{${event},"timestamp":"${' '.repeat(1_000_000)}"}]`, 50),
  batches('a user of a megabyte of blanks', `[{${event},"eventId":"x${' '.repeat(1_000_000)}x"}]`, 50),
  batches(
    'events of a thousand misspelt fields each',
    `[${Array(60)
      .fill(
        `{${misspellings(900)
          .map((name) => `"${name}":1`)
          .join(',')}}`,
      )
      .join(',')}]`,
    20,
  ),
  batches(
    'names that are taken in the metadata',
    `[{${event},${underscores},"metadata":{${underscores}}}]`,
    20,
  ),
  batches(
    'names that are taken in the metadata of many events',
    `[${Array(60).fill(`{${event},"a":1,"metadata":{"a":1,"a_":1}}`).join(',')}]`,
    20,
  ),
  {
    what: '120 batches of small events that wait for a broker',
    send: async (port, share) => waitForBroker(port, 100, share),
  },
  {
    what: '120 batches of large events that wait for a broker',
    send: async (port, share) => waitForBroker(port, 1_000, share),
  },
  {
    what: 'thousands of requests on one connection, without waiting for their answers',
    send: async (port, share) => {
      const body = `{${event}}`;
      const one = head('/api/logs', [`content-length: ${body.length}`], 'POST') + body;
      await hold(port, one.repeat(Math.ceil(8_000 * share)), 7_000);
    },
  },
  {
    what: 'erasures on one connection, without waiting for their answers',
    send: async (port, share) => {
      await hold(port, head('/api/users/u', [], 'DELETE').repeat(Math.ceil(8_000 * share)), 7_000);
    },
  },
  {
    what: 'a thousand clients that wait for a broker',
    send: async (port, share) =>
      repeat(Math.ceil(1_000 * share), 1_000, async () => post(port, '/api/logs', `{${event}}`)),
  },
  {
    what: 'bodies that never end',
    send: async (port, share) => {
      const bytes = Buffer.alloc(1_000_000, ' ');
      const start = Buffer.from(head('/api/logs/batch', ['content-length: 1048576'], 'POST'));
      await repeat(Math.ceil(150 * share), 150, async () => hold(port, Buffer.concat([start, bytes]), 2_000));
    },
  },
  {
    what: 'bodies in chunks of one byte',
    nodesOwn: true,
    send: async (port, share) => {
      const start = head('/api/logs/batch', ['transfer-encoding: chunked'], 'POST');
      await repeat(Math.ceil(8 * share), 1, async () =>
        hold(port, start + '1\r\n \r\n'.repeat(500_000), 2_000),
      );
    },
  },
  {
    what: 'a thousand headers',
    send: async (port, share) => {
      const headers = Array.from({ length: 1_300 }, (_, index) => `a${index}:`);
      await repeat(Math.ceil(200 * share), 20, async () =>
        hold(port, head('/api/logs', headers, 'POST'), 50),
      );
    },
  },
  ...['x-forwarded-for: ' + '1.1.1.1,'.repeat(1_900), `cookie: ${'a=b; '.repeat(3_000)}`].map(
    (header): HeavyInput => ({
      what: `a header of 16 KB: ${header.slice(0, 20)}`,
      send: async (port, share) =>
        repeat(Math.ceil(200 * share), 20, async () =>
          hold(port, head('/', [header, 'connection: close']), 1_000),
        ),
    }),
  ),
  ...[
    '/a'.repeat(7_900),
    `/api/logs/${'%41'.repeat(5_300)}`,
    `/api/x?${'a&'.repeat(7_900)}`,
    '/'.repeat(15_900),
  ].map((path): HeavyInput => ({
    what: `a path of 16 KB: ${path.slice(0, 20)}`,
    send: async (port, share) =>
      repeat(Math.ceil(200 * share), 20, async (index) =>
        hold(port, head(path, ['connection: close'], index % 2 ? 'GET' : 'DELETE'), 1_000),
      ),
  })),
];
