import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isAway } from './mongo-errors.ts';
import { Pulse } from './pulse.ts';

const never = new Promise<never>(() => {});

test('a read goes on for as long as MongoDB responds, and fails as it fails', async () => {
  const pulse = new Pulse({ ping: async () => sleep(1), silentAfterMs: 50, everyMs: 5 });
  expect(await pulse.guard(async () => sleep(200, 'read'))).toBe('read');
  await expect(pulse.guard(async () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});

test('silence fails all that wait, and the next at once, until MongoDB responds again', async () => {
  const { promise: responds, resolve } = Promise.withResolvers<void>();
  let pings = 0;
  const pulse = new Pulse({ ping: async () => (pings++, responds), silentAfterMs: 50, everyMs: 5 });
  const waiting = [pulse.guard(async () => never), pulse.guard(async () => never)];
  for (const one of await Promise.allSettled(waiting)) {
    expect(one).toMatchObject({ status: 'rejected', reason: { name: 'MongoSilentError' } });
    expect(isAway((one as PromiseRejectedResult).reason)).toBe(true);
  }
  const atOnce = pulse.guard(async () => 'read').catch(({ message }: Error) => message);
  expect(await Promise.race([atOnce, turn('a turn later')])).toBe('MongoDB does not respond');
  resolve();
  await expect.poll(async () => pulse.guard(async () => 'read').catch(() => '')).toBe('read');
  await sleep(50);
  const { length } = Array.from({ length: pings });
  await sleep(50);
  expect(pings).toBe(length);
});

test('a ping that fails at once is no silence: the read says for itself what is wrong', async () => {
  const pulse = new Pulse({
    ping: async () => Promise.reject(new Error('refused')),
    silentAfterMs: 50,
    everyMs: 5,
  });
  expect(await pulse.guard(async () => sleep(150, 'read'))).toBe('read');
});
