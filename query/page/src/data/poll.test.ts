import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from './api.ts';
import { startPoll } from './poll.ts';
import type { Poll } from './poll.ts';

let reads: { resolve: (data: string) => void; reject: (error: Error) => void; signal: AbortSignal }[];
let answers: string[];
let failures: ApiError[];
let hidden: boolean;
let poll: Poll;

function start(everyMs: number | undefined): Poll {
  return startPoll<string>({
    read: async (signal) => new Promise((resolve, reject) => reads.push({ resolve, reject, signal })),
    everyMs,
    answered: (data) => answers.push(data),
    failed: (error) => failures.push(error),
    hidden: () => hidden,
  });
}

async function answer(data: string): Promise<void> {
  reads.at(-1)?.resolve(data);
  await vi.advanceTimersByTimeAsync(0);
}

async function fail(kind: ApiError['kind'], retryAfterMs?: number): Promise<void> {
  reads.at(-1)?.reject(new ApiError(kind, kind, retryAfterMs));
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  reads = [];
  answers = [];
  failures = [];
  hidden = false;
});

afterEach(() => {
  poll.stop();
  vi.useRealTimers();
});

test('reads at once, then at its pace', async () => {
  poll = start(5_000);
  await answer('a');
  await vi.advanceTimersByTimeAsync(4_999);
  expect(reads).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  await answer('b');
  expect(answers).toEqual(['a', 'b']);
});

test('without a pace reads once, and again when told to', async () => {
  poll = start(undefined);
  await answer('a');
  await vi.advanceTimersByTimeAsync(100_000);
  expect(reads).toHaveLength(1);
  poll.now();
  await answer('b');
  expect(answers).toEqual(['a', 'b']);
});

test('told to read while it reads, it reads once more, for what it reads may be older than the wish', async () => {
  poll = start(undefined);
  poll.now();
  poll.now();
  expect(reads).toHaveLength(1);
  await answer('a');
  expect(reads).toHaveLength(2);
  await answer('b');
  expect(reads).toHaveLength(2);
});

test('tries again by itself when it fails, later each time', async () => {
  poll = start(undefined);
  await fail('offline');
  await vi.advanceTimersByTimeAsync(1_000);
  await fail('unavailable', 7_000);
  await vi.advanceTimersByTimeAsync(6_999);
  expect(reads).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  await answer('a');
  expect([failures.length, answers]).toEqual([2, ['a']]);
});

test.each(['forbidden', 'invalid', 'unauthorized'] as const)(
  'does not try again what is %s',
  async (kind) => {
    poll = start(1_000);
    await fail(kind);
    await vi.advanceTimersByTimeAsync(100_000);
    poll.look();
    expect(reads).toHaveLength(1);
  },
);

test('rests while nobody looks, and reads at once when somebody does', async () => {
  poll = start(1_000);
  await answer('a');
  hidden = true;
  poll.look();
  await vi.advanceTimersByTimeAsync(100_000);
  expect(reads).toHaveLength(1);
  hidden = false;
  poll.look();
  expect(reads).toHaveLength(2);
});

test('stopped, it says nothing any more', async () => {
  poll = start(1_000);
  poll.stop();
  expect(reads[0]?.signal.aborted).toBe(true);
  await answer('a');
  await vi.advanceTimersByTimeAsync(100_000);
  expect([answers, reads.length]).toEqual([[], 1]);
});
