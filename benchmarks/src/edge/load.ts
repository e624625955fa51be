// The load of the edge benchmark: `connections` connections, each with one request in flight, over bare
// sockets, so that the generator costs little beside what it measures. Run as a process of its own; prints
// one line of JSON.
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What one run does. */
export interface LoadOptions {
  port: number;
  path: string;
  headers: Record<string, string>;
  connections: number;
  warmupMs: number;
  measureMs: number;
  /** Events in a request: 1 for a single event, more for a batch. */
  events: number;
  expect: number;
}

/** What one run found. Latencies in milliseconds. */
export interface LoadResult {
  requests: number;
  requestsPerSecond: number;
  p50: number;
  p99: number;
  max: number;
  unexpected: number;
}

const types = ['LOGIN', 'LOGOUT', 'PAGE_VIEW', 'BUTTON_CLICK', 'FORM_SUBMIT', 'API_CALL', 'ERROR'];

function event(number: number): object {
  return {
    userId: `user-${(number * 7919) % 10_000}`,
    activityType: types[number % types.length],
    metadata: {
      device: number % 2 === 0 ? 'desktop' : 'phone',
      ip: `10.0.${number % 250}.${number % 199}`,
      location: 'Vienna, AT',
      path: `/products/${number % 1_000}`,
    },
  };
}

function requests({ path, headers, events, port }: LoadOptions): Buffer[] {
  const head = Object.entries({ host: `127.0.0.1:${port}`, 'content-type': 'application/json', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return Array.from({ length: events === 1 ? 1_000 : 20 }, (_, index) => {
    const body = JSON.stringify(
      events === 1
        ? event(index)
        : Array.from({ length: events }, (__, number) => event(index * events + number)),
    );
    return Buffer.from(
      `POST ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}

async function run(options: LoadOptions): Promise<LoadResult> {
  const prepared = requests(options);
  const sockets: Socket[] = [];
  let latencies: number[] = [];
  let unexpected = 0;
  let next = 0;
  let measuring = false;
  const wanted = Buffer.from(`HTTP/1.1 ${options.expect} `);

  async function client(): Promise<void> {
    const socket = connect(options.port, '127.0.0.1');
    socket.setNoDelay(true);
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      let sent = 0;
      let received = Buffer.alloc(0);
      function send(): void {
        sent = performance.now();
        socket.write(prepared[next++ % prepared.length] ?? '');
      }
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('close', () => resolve());
      socket.on('data', (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const end = received.indexOf('\r\n\r\n');
        if (end === -1) return;
        const head = received.toString('latin1', 0, end);
        const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        if (measuring) latencies.push(performance.now() - sent);
        if (!received.subarray(0, wanted.length).equals(wanted)) unexpected++;
        received = received.subarray(end + 4 + length);
        send();
      });
    });
  }

  const clients = Promise.all(Array.from({ length: options.connections }, client));
  await pause(options.warmupMs);
  measuring = true;
  const started = performance.now();
  await pause(options.measureMs);
  measuring = false;
  const seconds = (performance.now() - started) / 1_000;
  for (const socket of sockets) socket.destroy();
  await clients;
  latencies = latencies.toSorted((a, b) => a - b);
  return {
    requests: latencies.length,
    requestsPerSecond: Math.round(latencies.length / seconds),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    max: quantile(latencies, 1),
    unexpected,
  };
}

function quantile(sorted: readonly number[], q: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return Math.round(value * 100) / 100;
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

if (process.argv[2] !== undefined) {
  const options = JSON.parse(process.argv[2]) as LoadOptions;
  console.log(JSON.stringify(await run(options)));
}
