import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createAwaitLog } from './await-log.ts';
import type { LogKey, WantedLog } from './log-store.ts';

const signal = new AbortController().signal;

/** Waiting on a store that has what is put into it, and remembers what it was asked for. */
function waitingOn(keys: LogKey[], ending = signal) {
  const asked: WantedLog[][] = [];
  const awaitLog = createAwaitLog({
    async stored(wanted) {
      asked.push(wanted);
      return keys;
    },
    ending,
  });
  return { awaitLog, asked };
}

test('resolves once the log is there: by its number, its eventId, or both its eventId and its user', async () => {
  const keys: LogKey[] = [];
  const { awaitLog } = waitingOn(keys);
  const waits = [
    awaitLog({ id: '7', userId: undefined }, 2_000, signal),
    awaitLog({ id: 'e', userId: undefined }, 2_000, signal),
    awaitLog({ id: 'e', userId: 'u' }, 2_000, signal),
    awaitLog({ id: 'e', userId: 'other' }, 300, signal),
    awaitLog({ id: '8', userId: undefined }, 300, signal),
  ];
  await sleep(100);
  keys.push({ _id: 7, eventId: 'e', userId: 'u' });
  expect(await Promise.all(waits)).toEqual([true, true, true, false, false]);
});

test('asks for all who wait at once, a hundred a read, and no more when nobody waits', async () => {
  const { awaitLog, asked } = waitingOn([]);
  await Promise.all(
    Array.from({ length: 250 }, async (_, index) =>
      awaitLog({ id: `e${index}`, userId: undefined }, 80, signal),
    ),
  );
  expect(asked.slice(0, 3).map(({ length }) => length)).toEqual([100, 100, 50]);
  await sleep(120);
  const { length } = asked;
  await sleep(150);
  expect(asked).toHaveLength(length);
});

test('ends without an answer when the client has gone, or the service ends', async () => {
  const gone = new AbortController();
  const ending = new AbortController();
  const { awaitLog } = waitingOn([], ending.signal);
  const started = performance.now();
  const first = awaitLog({ id: 'e', userId: undefined }, 9_000, gone.signal);
  const second = awaitLog({ id: 'e', userId: undefined }, 9_000, signal);
  gone.abort();
  expect(await first).toBe(false);
  ending.abort();
  expect(await second).toBe(false);
  expect(await awaitLog({ id: 'e', userId: undefined }, 9_000, signal)).toBe(false);
  expect(performance.now() - started).toBeLessThan(1_000);
});

test('rejects where it cannot be read, and the next who waits is looked for again', async () => {
  let broken = true;
  const awaitLog = createAwaitLog({
    async stored() {
      if (broken) throw new Error('MongoDB is away');
      return [{ _id: 1, eventId: 'e', userId: 'u' }];
    },
    ending: signal,
  });
  await expect(awaitLog({ id: 'e', userId: undefined }, 2_000, signal)).rejects.toThrow('MongoDB is away');
  broken = false;
  expect(await awaitLog({ id: 'e', userId: undefined }, 2_000, signal)).toBe(true);
});
