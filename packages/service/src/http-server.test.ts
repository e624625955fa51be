import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createHttpServer, listen } from './http-server.ts';

const servers: Server[] = [];
const agents: Agent[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
  for (const agent of agents.splice(0)) agent.destroy();
});

function serverOf(handle: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(handle);
  servers.push(server);
  return server;
}

async function ask(port: number, agent?: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/', ...(agent === undefined ? {} : { agent }) }, (response) => {
      response.resume();
      response.once('end', () => resolve(response));
    }).once('error', reject);
  });
}

test('finishes the request in flight, refuses new ones, and closes once', async () => {
  let answer: (() => void) | undefined;
  const server = serverOf((_request, response) => {
    answer = () => response.end('done');
  });
  const { port, close } = await listen(server, 0, '127.0.0.1');
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  const inFlight = ask(port, agent);
  await once(server, 'request');
  const closed = close();
  await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  answer?.();
  expect((await inFlight).statusCode).toBe(200);
  await closed;
  await close();
});

test('does not wait for a client that keeps its connection open', async () => {
  const server = serverOf((_request, response) => response.end('done'));
  const { port, close } = await listen(server, 0, '127.0.0.1');
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  await ask(port, agent);
  await close();
  expect(server.listening).toBe(false);
});

test('does not wait for a connection on which nothing was ever sent', async () => {
  const server = serverOf((_request, response) => response.end('done'));
  const { port, close } = await listen(server, 0, '127.0.0.1');
  const silent = connect(port, '127.0.0.1');
  await once(server, 'connection');
  const gone = once(silent, 'close');
  await close();
  await gone;
  expect(server.listening).toBe(false);
});

test('names the port that is taken, and the remedy', async () => {
  const first = await listen(
    serverOf(() => {}),
    0,
    '127.0.0.1',
  );
  const second = listen(
    serverOf(() => {}),
    first.port,
    '127.0.0.1',
  );
  await expect(second).rejects.toThrow(`listening on 127.0.0.1:${first.port}: the port is taken`);
  await first.close();
});

/** Sends requests on one connection at once; returns what comes back until it ends or all are answered. */
async function sendAtOnce(server: Server, count: number): Promise<string> {
  servers.push(server);
  const { port } = await listen(server, 0, '127.0.0.1');
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const ended = new Promise<void>((resolve) => {
    socket.setEncoding('utf8').on('data', (some: string) => {
      text += some;
      if (text.split('HTTP/1.1').length > count) resolve();
    });
    socket.once('close', () => resolve());
    setTimeout(resolve, 10_000).unref();
  });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(count));
  await ended;
  socket.destroy();
  return text;
}

test.each([
  ['takes a hundred requests that wait on one connection', 100, { begun: 100, answered: 100, refused: 0 }],
  [
    'refuses more, and closes the connection behind those it took',
    150,
    { begun: 101, answered: 101, refused: 1 },
  ],
  [
    'ends a connection at once on which hundreds wait',
    3_000,
    // They begin at the pace of the process: a busy one has begun fewer by then.
    { begun: expect.toSatisfy((begun: number) => begun <= 101) as number, answered: 0, refused: 0 },
  ],
])('%s', async (_what, count, outcome) => {
  let handled = 0;
  const server = createHttpServer({}, (_request, response) => {
    handled++;
    setTimeout(() => response.end('done'), 100);
  });
  const text = await sendAtOnce(server, count);
  const answered = text.split('HTTP/1.1 200').length - 1;
  const refused = text.split('HTTP/1.1 503').length - 1;
  expect({ begun: handled, answered, refused }).toEqual(outcome);
});

test('requests that wait on one connection begin in their order, and leave the event loop to others', async () => {
  const begun: string[] = [];
  const turns = new Set<number>();
  let turn = 0;
  const turning = setInterval(() => turn++, 0);
  const server = createHttpServer({}, ({ url = '' }, response) => {
    for (const end = performance.now() + 2; performance.now() < end;);
    begun.push(url);
    turns.add(turn);
    response.end();
  });
  servers.push(server);
  const { port } = await listen(server, 0, '127.0.0.1');
  const socket = connect(port, '127.0.0.1');
  const wanted = Array.from({ length: 60 }, (_, index) => `/${index}`);
  const answered = new Promise<void>((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (some: string) => {
      text += some;
      if (text.split('HTTP/1.1 200').length > wanted.length) resolve();
    });
  });
  socket.write(wanted.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
  await answered;
  clearInterval(turning);
  socket.destroy();
  expect(begun).toEqual(wanted);
  // 120 ms of work in turns of 8 ms.
  expect(turns.size).toBeGreaterThan(5);
});
