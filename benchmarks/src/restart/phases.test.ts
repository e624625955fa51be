// The figures of a restart, from samples of one whose course is known.
import { expect, test } from 'vitest';
import { caughtUp, restartOf, usualLag, type Moments, type Sample } from './phases.ts';

const moments: Moments = {
  steady: 1_000,
  killed: 4_000,
  began: 4_100,
  running: 4_600,
  firstCommit: 4_700,
  ended: 8_000,
};

/** 1,000 records a second; 100 behind; none committed from the kill on; 5,000 a second from 4.6 s on. */
function committedAt(at: number): number {
  if (at <= 4_000) return at - 100;
  if (at < 4_700) return 3_900;
  return Math.min(at - 100, 3_900 + (at - 4_600) * 5);
}

const samples: Sample[] = Array.from({ length: 81 }, (_, index) => {
  const at = index * 100;
  return { at, written: at, committed: committedAt(at) };
});

test('a restart under load is from the kill until the lag is as small as before', () => {
  expect(usualLag(samples, moments)).toBe(100);
  // 600 ms of lag, which shrinks by 4 records each millisecond.
  expect(caughtUp(samples, moments)?.at).toBe(4_800);
  expect(restartOf(samples, moments)).toEqual({
    commitMs: 600,
    commitAfterKillMs: 700,
    caughtUpMs: 800,
    mostLag: 700,
    catchUpPerSecond: 4_000,
    steadyPerSecond: 1_000,
    wholePerSecond: 1_000,
    beforePerSecond: 1_000,
  });
});

test('one moment without the processor does not make the usual lag larger', () => {
  const late = samples.map((sample) => (sample.at === 2_000 ? { ...sample, committed: 0 } : sample));
  expect(usualLag(late, moments)).toBe(100);
});

test('a small lag before the first commit is not yet caught up', () => {
  const early = samples.map((sample) => (sample.at === 4_050 ? sample : { ...sample }));
  early.splice(41, 0, { at: 4_050, written: 4_050, committed: 4_040 });
  expect(caughtUp(early, moments)?.at).toBe(4_800);
});

test('a processor that never catches up has no times and no rates of that, which misses every target', () => {
  const stopped = samples.map(({ at, written, committed }) => {
    return { at, written, committed: Math.min(committed, 3_950) };
  });
  const restart = restartOf(stopped, moments);
  expect(restart.caughtUpMs).toBeNaN();
  expect(restart.catchUpPerSecond).toBeNaN();
  expect(restart.steadyPerSecond).toBeNaN();
});
