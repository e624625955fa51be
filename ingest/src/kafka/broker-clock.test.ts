import { createLogger } from '@activity/service';
import { expect, test, vi } from 'vitest';
import { BrokerClock } from './broker-clock.ts';

const now = 1_800_000_000_000;

/** A clock that has seen three writes. */
function clockAfter(appendedAt: number, { sentAt = now - 40 } = {}): BrokerClock {
  const clock = new BrokerClock({ logger: createLogger('test', 'silent'), now: () => now });
  for (let write = 0; write < 3; write++) clock.appended(appendedAt, sentAt);
  return clock;
}

test.each([
  ['between sending and the answer', now - 20, 0, /^$/],
  ['long before it was sent', now - 50 * 60_000 - 40, 50 * 60_000, /3000 s ahead of/],
  ['a second before', now - 1_040, 1_000, /^$/],
  ['more than a second before', now - 1_041, 1_001, /1 s ahead of/],
  ['after the answer', now + 7_000, -7_000, /7 s behind/],
  ['a second after the answer', now + 1_000, -1_000, /^$/],
  ['at a time that the broker does not say', -1, 0, /^$/],
])('appended %s', (_name, appendedAt, aheadMs, warning) => {
  const clock = clockAfter(appendedAt);
  expect(clock.aheadMs).toBe(aheadMs);
  expect(clock.warning ?? '').toMatch(warning);
});

test('one batch that was sent again is no wrong clock', () => {
  const clock = clockAfter(now, { sentAt: now });
  clock.appended(now - 5_000, now);
  expect(clock.warning).toBeUndefined();
});

test('a slow answer is no wrong clock', () => {
  expect(clockAfter(now - 4_000, { sentAt: now - 5_000 }).warning).toBeUndefined();
});

test('the log says it once, and once more when it is right again', () => {
  const logger = createLogger('test', 'silent');
  const warn = vi.spyOn(logger, 'warn');
  const info = vi.spyOn(logger, 'info');
  const clock = new BrokerClock({ logger, now: () => now });
  for (let write = 0; write < 9; write++) clock.appended(now - 9_000, now);
  expect(warn.mock.calls).toEqual([
    [{ aheadMs: 9_000 }, 'the clock of this machine is 9 s ahead of the broker’s: set it by NTP'],
  ]);
  for (let write = 0; write < 3; write++) clock.appended(now, now);
  expect(info).toHaveBeenCalledTimes(1);
});
