// The bare connection: answers in pieces, their headers, and a server that closes.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Connection, headerOf, postOf, readAnswer } from './connection.ts';

const bytes = Buffer.from(
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\ncontent-length: 4\r\n\r\nbusy',
);

test('an answer is there once its last byte is', () => {
  for (let length = 0; length < bytes.length; length++)
    expect(readAnswer(bytes.subarray(0, length))).toBeUndefined();
  const answer = readAnswer(bytes);
  expect(answer).toMatchObject({ status: 503, body: Buffer.from('busy') });
  expect(answer && headerOf(answer, 'retry-after')).toBe('2');
  expect(answer && headerOf(answer, 'date')).toBeUndefined();
});

test('an answer whose length is not known is an error', () => {
  expect(() => readAnswer(Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'))).toThrow(
    'without a length',
  );
});

test('requests are answered one after the other; one to a server that closes fails', async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    if (requests === 3) request.socket.destroy();
    else response.writeHead(201, { 'content-length': 2 }).end('ok');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = new Connection(port);
  const post = postOf(port, '/api/logs', '{}');
  expect((await connection.request(post)).status).toBe(201);
  expect((await connection.request(post)).body.toString()).toBe('ok');
  await expect(connection.request(post)).rejects.toThrow('closed');
  await expect(connection.request(post)).rejects.toThrow('closed');
  connection.close();
  server.close();
});
