import { FailureError } from '@activity/service';
import { expect, test } from 'vitest';
import { ReceivedBytes } from './received-bytes.ts';
import type { CountedBody } from './received-bytes.ts';

let time = 0;
const refused: unknown[] = [];

function body(): CountedBody {
  return {
    since: 0,
    held: 0,
    older: undefined,
    newer: undefined,
    refuse: ({ failure }) => refused.push(failure.kind),
  };
}

function kindOf(run: () => void): string {
  try {
    run();
    return 'taken';
  } catch (error) {
    return error instanceof FailureError ? error.failure.kind : 'fault';
  }
}

function budget(): ReceivedBytes {
  time = 0;
  refused.length = 0;
  return new ReceivedBytes({ maxBytes: 100, slowAfterMs: 1_000, now: () => time });
}

test('refuses what there is no room for, and gives room back', () => {
  const received = budget();
  const [first, second] = [body(), body()];
  received.begin(first);
  received.begin(second);
  expect(kindOf(() => received.take(first, 60))).toBe('taken');
  expect(kindOf(() => received.take(second, 60))).toBe('unavailable');
  received.release(first);
  received.release(first);
  expect(received.held).toBe(0);
  expect(kindOf(() => received.take(second, 60))).toBe('taken');
});

test('bodies that are slow give way, the oldest first, and no more of them than needed', () => {
  const received = budget();
  const slow = [body(), body(), body()];
  for (const one of slow) {
    received.begin(one);
    received.take(one, 30);
    time += 10;
  }
  time += 2_000;
  const fast = body();
  received.begin(fast);
  expect(kindOf(() => received.take(fast, 40))).toBe('taken');
  expect(refused).toEqual(['timeout']);
  expect(received.held).toBe(100);
});

test('a body that is complete is not slow, however long its request takes', () => {
  const received = budget();
  const waiting = body();
  received.begin(waiting);
  received.take(waiting, 90);
  received.complete(waiting);
  time += 60_000;
  const next = body();
  received.begin(next);
  expect(kindOf(() => received.take(next, 20))).toBe('unavailable');
  expect(refused).toEqual([]);
});

test('the slow body that asks for more is refused itself', () => {
  const received = budget();
  const slow = body();
  received.begin(slow);
  received.take(slow, 90);
  time += 2_000;
  expect(kindOf(() => received.take(slow, 20))).toBe('timeout');
  expect(received.held).toBe(0);
});

test.each([
  ['first', 0, [1, 2]],
  ['middle', 1, [0, 2]],
  ['last', 2, [0, 1]],
])('where the %s body is complete, the others give way in their order', (_which, complete, wanted) => {
  const received = budget();
  const gaveWay: number[] = [];
  const bodies = [0, 1, 2].map((index) => ({ ...body(), refuse: () => void gaveWay.push(index) }));
  for (const one of bodies) {
    received.begin(one);
    received.take(one, 30);
  }
  const done = bodies[complete] as CountedBody;
  received.complete(done);
  received.complete(done);
  time += 2_000;
  const fast = body();
  received.begin(fast);
  expect(kindOf(() => received.take(fast, 70))).toBe('taken');
  expect(gaveWay).toEqual(wanted);
});
