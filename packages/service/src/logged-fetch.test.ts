import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from './http-server.ts';
import { loggedFetch } from './logged-fetch.ts';
import { createLogger } from './logger.ts';

test('says once why a server is not reached, until it is reached again', async () => {
  const lines: string[] = [];
  const ask = loggedFetch(createLogger('test', 'info', { write: (line) => lines.push(line) }));
  const open = async (port: number): ReturnType<typeof listen> => {
    const server = await listen(
      createServer((request, response) => {
        setTimeout(() => response.end('done'), request.url === '/slow' ? 1_000 : 0);
      }),
      port,
      '127.0.0.1',
      { graceMs: 0 },
    );
    onTestFinished(server.close);
    return server;
  };
  const first = await open(0);
  const url = `http://127.0.0.1:${first.port}`;
  expect(await (await ask(url)).text()).toBe('done');
  const gone = ask(`${url}/slow`, { signal: AbortSignal.abort() });
  await expect(gone).rejects.toThrowError('aborted');
  expect(lines).toEqual([]);

  await first.close();
  for (let times = 0; times < 2; times++) await expect(ask(url)).rejects.toThrowError('fetch failed');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ url, reason: expect.stringContaining('ECONNREFUSED') });

  const second = await open(first.port);
  await ask(url);
  const late = ask(`${url}/slow`, { signal: AbortSignal.timeout(20) });
  await expect(late).rejects.toThrowError('timeout');
  expect(lines).toHaveLength(2);
  await second.close();
});
