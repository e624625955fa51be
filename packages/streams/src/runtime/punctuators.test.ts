// Punctuators: when each clock's callbacks are due.
import { describe, expect, test } from 'vitest';
import { Punctuators } from './punctuators.ts';

describe('punctuators', () => {
  test('by wall clock are first due after one interval, and make up for missed ones by one call', () => {
    const punctuators = new Punctuators();
    const calls: number[] = [];
    punctuators.add('wall-clock', 100, 1000, (time) => calls.push(time));
    const called = [1000, 1099, 1100, 1150, 1200, 1555, 1599, 1600].map((time) =>
      punctuators.punctuate('wall-clock', time),
    );
    expect(calls).toEqual([1100, 1200, 1555, 1600]);
    expect(called).toEqual([false, false, true, false, true, true, false, true]);
  });

  test.each([0, -1, 0.5, Number.NaN])('every %d ms are refused', (intervalMs) => {
    const add = (): unknown => new Punctuators().add('stream-time', intervalMs, 0, () => {});
    expect(add).toThrow('schedule() needs an interval of 1 ms or more');
  });

  test('by wall clock are due one interval after the clock was set back', () => {
    const punctuators = new Punctuators();
    const calls: number[] = [];
    punctuators.add('wall-clock', 100, 5000, (time) => calls.push(time));
    for (const time of [5100, 1000, 1099, 1100, 1150, 1200]) punctuators.punctuate('wall-clock', time);
    expect(calls).toEqual([5100, 1100, 1200]);
  });

  test('by wall clock that were set back are due again after an abort, by the clock as it is now', () => {
    const punctuators = new Punctuators();
    const calls: number[] = [];
    punctuators.add('wall-clock', 100, 5000, (time) => calls.push(time));
    for (const time of [5100, 1000, 1100]) punctuators.punctuate('wall-clock', time);
    punctuators.abort();
    for (const time of [1101, 1200, 1201]) punctuators.punctuate('wall-clock', time);
    expect(calls).toEqual([5100, 1100, 1201]);
  });

  test('by stream time are due with the first record, then every interval', () => {
    const punctuators = new Punctuators();
    const calls: number[] = [];
    punctuators.add('stream-time', 100, 999_999, (time) => calls.push(time));
    for (const time of [1234, 1250, 1299, 1300, 1300, 1400, 1750, 1799, 1800]) {
      punctuators.punctuate('stream-time', time);
    }
    expect(calls).toEqual([1234, 1300, 1400, 1750, 1800]);
  });

  test('of one clock do not follow the other', () => {
    const punctuators = new Punctuators();
    const calls: string[] = [];
    punctuators.add('stream-time', 10, 0, () => calls.push('stream'));
    punctuators.add('wall-clock', 10, 0, () => calls.push('wall'));
    punctuators.punctuate('wall-clock', 1000);
    expect(calls).toEqual(['wall']);
    expect([punctuators.has('stream-time'), punctuators.has('wall-clock')]).toEqual([true, true]);
    expect(new Punctuators().has('stream-time')).toBe(false);
  });

  test('that were cancelled are not called, not even by one that cancels in the same turn', () => {
    const punctuators = new Punctuators();
    const calls: string[] = [];
    punctuators.add('wall-clock', 10, 0, () => {
      calls.push('first');
      second.cancel();
    });
    const second = punctuators.add('wall-clock', 10, 0, () => calls.push('second'));
    expect(punctuators.punctuate('wall-clock', 10)).toBe(true);
    expect(punctuators.punctuate('wall-clock', 20)).toBe(true);
    expect(calls).toEqual(['first', 'first']);
  });

  test('may cancel themselves', () => {
    const punctuators = new Punctuators();
    let calls = 0;
    const once = punctuators.add('wall-clock', 10, 0, () => {
      calls++;
      once.cancel();
    });
    for (const time of [10, 20, 30]) punctuators.punctuate('wall-clock', time);
    expect(calls).toBe(1);
  });
});

describe.each(['stream-time', 'wall-clock'] as const)('an abort, by %s,', (type) => {
  test('makes due again what was called since the last commit', () => {
    const called: number[] = [];
    const punctuators = new Punctuators();
    punctuators.add(type, 10, 0, (time) => called.push(time));
    punctuators.punctuate(type, 15);
    punctuators.seal();
    punctuators.commit();
    punctuators.punctuate(type, 25);
    punctuators.abort();
    punctuators.punctuate(type, 25);
    expect(called).toEqual([15, 25, 25]);
  });

  test('takes back that a punctuator was cancelled', () => {
    let calls = 0;
    const punctuators = new Punctuators();
    const once = punctuators.add(type, 10, 0, () => {
      calls++;
      once.cancel();
    });
    punctuators.punctuate(type, 10);
    punctuators.abort();
    punctuators.punctuate(type, 10);
    punctuators.seal();
    punctuators.commit();
    punctuators.punctuate(type, 30);
    punctuators.abort();
    punctuators.punctuate(type, 30);
    expect(calls).toBe(2);
  });
});
