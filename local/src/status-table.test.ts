// What `npm run status` prints.
import { expect, test } from 'vitest';
import { statusTable, uptime } from './status-table.ts';

test.each([
  [4_900, '4s'],
  [192_000, '3m 12s'],
  [7_500_000, '2h 5m'],
])('%d ms are %s', (ms, text) => {
  expect(uptime(ms)).toBe(text);
});

test('one line a part', () => {
  const parts = [
    { name: 'kafka', address: '127.0.0.1:9092', pid: 7, since: 1_000, restarts: 0 },
    { name: 'processor', address: 'http://127.0.0.1:3002', restarts: 2, trouble: 'died (SIGKILL)' },
  ];
  expect(statusTable(parts, 61_000)).toBe(
    [
      'part       pid  address                up     restarts  health',
      'kafka      7    127.0.0.1:9092         1m 0s  0         healthy',
      'processor  -    http://127.0.0.1:3002  -      2         died (SIGKILL)',
    ].join('\n'),
  );
});
