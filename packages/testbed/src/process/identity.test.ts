// Who a pid is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { identify, isAlive, self } from './identity.ts';

test('a process is itself, and another with its pid is not', () => {
  expect(isAlive(self())).toBe(true);
  expect(isAlive({ ...self(), began: 'at another time' })).toBe(false);
});

test('a process that has ended is nobody', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  const identity = identify(child.pid ?? 0);
  await once(child, 'exit');
  expect(identity && isAlive(identity)).toBe(false);
});
