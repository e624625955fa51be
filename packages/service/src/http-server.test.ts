import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { listen } from './http-server.ts';

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
