import { createLogger } from '@activity/service';
import { expect, test } from 'vitest';
import type { Progress } from './import-file.ts';
import { progressLine } from './progress-line.ts';

const from: Progress = { bytes: 0, lines: 1_000, stored: 1_000, rejected: 0, rejectBytes: 0 };

/** Shows 100 lines more each half second, for 25 seconds. */
function play(isTTY: boolean): { written: string[]; logged: Record<string, unknown>[]; rate: number } {
  const written: string[] = [];
  const logged: Record<string, unknown>[] = [];
  let now = 0;
  const line = progressLine({
    input: { name: 'f.ndjson', size: 10_000, read: () => now / 5 },
    from,
    terminal: { isTTY, write: (text: string | Uint8Array) => written.push(String(text)) > 0 },
    logger: createLogger('test', 'info', { write: (text) => logged.push(JSON.parse(text) as never) }),
    now: () => now,
  });
  let progress = from;
  for (; now < 25_000; now += 500) {
    progress = { ...progress, lines: progress.lines + 100, rejected: Math.floor(now / 10_000) };
    line.show(progress);
  }
  line.end();
  return { written, logged, rate: line.rate(progress) };
}

test('on a terminal progress is one line, which is written again', () => {
  const { written, logged, rate } = play(true);
  expect(logged).toEqual([]);
  expect(written).toHaveLength(51);
  expect(written.every((text, index) => index === 50 || text.startsWith('\r\u001B[K'))).toBe(true);
  expect(written[2]).toBe('\r\u001B[Kf.ndjson: 1,300 lines, 200/s, 2 % read');
  expect(written.slice(-2)).toEqual(['\r\u001B[Kf.ndjson: 6,000 lines, 200/s, 49 % read, 2 rejected', '\n']);
  expect(rate).toBe(200);
});

test('elsewhere it is a line of the log every ten seconds', () => {
  const { written, logged } = play(false);
  expect(written).toEqual([]);
  expect(logged).toMatchObject([
    { file: 'f.ndjson', lines: 3_100, rejected: 1, perSecond: 210, percentRead: 20, msg: 'importing' },
    { lines: 5_100, rejected: 2, percentRead: 40 },
  ]);
});
