// The key that other parts are asked with, and what is said where they refuse it.
import { createRegistry, startMonitoring } from '@activity/service';
import { expect, onTestFinished, test } from 'vitest';
import { createStages } from './stages.ts';

test('other parts are asked with the key; that one refuses it is said once, until it takes one', async () => {
  let accepted = 'other';
  const server = await startMonitoring({
    port: 0,
    host: '127.0.0.1',
    registry: createRegistry('supervisor'),
    readiness: () => ({ ready: true }),
    authenticator: {
      identify: (authorization) =>
        authorization === `Bearer ${accepted}` ? { keyId: 'a', scopes: new Set(['read']) } : undefined,
    },
    routes: {
      '/erasure': async () => ({ status: 404, body: {} }),
      '/dedupe': async () => ({ status: 200, body: { known: false } }),
    },
  });
  onTestFinished(server.close);
  const url = `http://127.0.0.1:${server.port}`;
  const refused: [string, number][] = [];
  const stages = createStages({
    supervisorUrl: url,
    processorUrls: [url],
    apiKey: 'key',
    onRefused: (by, status) => refused.push([by, status]),
  });
  const event = { userId: 'a', eventId: 'b' };
  expect(await stages.erasure(1)).toBeUndefined();
  expect(await stages.firstCopy(event)).toBeUndefined();
  expect(await stages.processors()).toEqual([{ state: 'ready' }]);
  expect(refused).toEqual([[url, 401]]);

  accepted = 'key';
  expect(await stages.erasure(1)).toBeNull();
  expect(await stages.firstCopy(event)).toBe('forgotten');

  accepted = 'other';
  await stages.erasure(1);
  expect(refused).toEqual([
    [url, 401],
    [url, 401],
  ]);
});
