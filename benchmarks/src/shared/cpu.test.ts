// CPU time: the fields of /proc/PID/stat, and a process that works.
import { expect, test } from 'vitest';
import { cpuOf, microsecondsOf, perEvent } from './cpu.ts';

test('user and kernel time are the 14th and 15th field, whatever the command is called', () => {
  const stat = '42 (a ) b (c) S 1 42 42 0 -1 4194560 100 200 3 4 250 50 7 8 20 0 11 0 12345 1000000 200\n';
  expect(microsecondsOf(stat)).toBe(3_000_000);
  expect(() => microsecondsOf('42 (a) S 1')).toThrow('not a line of /proc/PID/stat');
});

test.skipIf(process.platform !== 'linux')('a process that works for a moment has used that much', () => {
  const pids = { self: process.pid };
  const before = cpuOf(pids);
  const began = process.cpuUsage();
  let spent = 0;
  while (spent < 200_000) {
    const { user, system } = process.cpuUsage(began);
    spent = user + system;
  }
  // Two ticks may be missing or too many at the ends.
  const { self } = perEvent(before, cpuOf(pids), 10);
  expect(self).toBeGreaterThanOrEqual(18_000);
  expect(self).toBeLessThan(40_000);
});
