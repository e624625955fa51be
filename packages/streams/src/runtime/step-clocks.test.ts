// The clocks of steps: what they show, what is committed of them, and what an abort takes back.
import { expect, test } from 'vitest';
import { StepClocks } from './step-clocks.ts';

test('a clock goes forward only, and is one in all steps that name it', () => {
  const clocks = new StepClocks();
  expect(clocks.of('a').time).toBe(-1);
  expect([clocks.of('a').advance(5), clocks.of('a').advance(3), clocks.of('b').advance(0)]).toEqual([
    5, 5, 0,
  ]);
  expect(clocks.of('a').time).toBe(5);
});

test('what was written of them is read, for the clocks that there are', () => {
  const before = new StepClocks();
  before.of('a').advance(1_795_000_000_000);
  before.of('b').advance(7);
  before.of('never moved');
  const after = new StepClocks();
  const [a, c] = [after.of('a'), after.of('c')];
  after.read(before.write());
  after.read('');
  expect([a.time, c.time]).toEqual([1_795_000_000_000, -1]);
});

test('there are no more than an offset’s metadata can hold', () => {
  const clocks = new StepClocks();
  for (let n = 0; n < 200; n++) clocks.of(`clock ${n}`).advance(Number.MAX_SAFE_INTEGER);
  expect(clocks.write().length).toBeLessThan(4000);
  clocks.of('clock 0');
  expect(() => clocks.of('one more')).toThrow('at most 200 clocks');
});

test('of several offsets, the newest time counts', () => {
  const clocks = new StepClocks();
  const clock = clocks.of('a');
  const at = (time: number): string => {
    const other = new StepClocks();
    other.of('a').advance(time);
    return other.write();
  };
  clocks.read(at(9));
  clocks.read(at(4));
  expect(clock.time).toBe(9);
  clocks.reset();
  clocks.read(at(4));
  expect(clock.time).toBe(4);
});

test('a seal says whether any clock has moved since the last one', () => {
  const clocks = new StepClocks();
  expect(clocks.seal()).toBe(false);
  clocks.of('a');
  expect(clocks.seal()).toBe(false);
  clocks.of('a').advance(1);
  expect([clocks.seal(), clocks.seal()]).toEqual([true, false]);
  clocks.of('a').advance(2);
  clocks.reset();
  expect(clocks.seal()).toBe(false);
});
