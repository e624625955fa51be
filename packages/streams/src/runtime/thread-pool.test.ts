// The threads of an instance: what becomes of it when one of them ends with an error.
import { describe, expect, test, vi } from 'vitest';
import { FatalError } from '../api/errors.ts';
import type { ThreadState } from './thread/thread-state.ts';
import { ThreadPool, type ThreadPoolOptions } from './thread-pool.ts';

interface FakeThread {
  index: number;
  report: (state: ThreadState, error?: Error) => void;
  calls: string[];
}

interface Pool {
  pool: ThreadPool;
  threads: FakeThread[];
  states: string[];
  lines: string[];
  closed: () => number;
  requests: () => number;
}

async function start(options: Partial<ThreadPoolOptions>): Promise<Pool> {
  const threads: FakeThread[] = [];
  const states: string[] = [];
  const lines: string[] = [];
  let closed = 0;
  let requests = 0;
  const pool = new ThreadPool({
    threads: 2,
    async createThread(index, report) {
      const thread: FakeThread = { index, report, calls: [] };
      threads.push(thread);
      return {
        start: () => thread.calls.push('start'),
        figures: () => Promise.reject(new Error('has none')),
        setPaused: (isPaused) => void (isPaused && thread.calls.push('pause')),
        query: async () => [],
        close: async () => {
          thread.calls.push('close');
          report('CLOSED');
        },
      };
    },
    onUncaughtException: () => 'shut-down-client',
    shutDownApplication: async () => {
      requests++;
    },
    onState: (state, error) => states.push(error ? `${state}: ${error.message}` : state),
    onClosed: () => closed++,
    log: (_level, message) => lines.push(message),
    ...options,
  });
  await pool.start();
  for (const { report } of threads) report('RUNNING');
  return { pool, threads, states, lines, closed: () => closed, requests: () => requests };
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 10_000, interval: 5 });
}

const error = new FatalError('PROCESSING_FAILED', 'a test');

describe('a thread that ends with an error', () => {
  test('shuts the client down: every thread closes, and then nothing is held any more', async () => {
    const { pool, threads, states, closed } = await start({});
    threads[0]?.report('ERROR', error);
    expect(states).toEqual(['RUNNING', 'ERROR: a test']);
    await until(() => expect(closed()).toBe(1));
    expect(threads.map(({ calls }) => calls)).toEqual([
      ['start', 'close'],
      ['start', 'close'],
    ]);
    threads[1]?.report('ERROR', new Error('another'));
    await pool.close({ leave: true });
    expect([pool.state, states.length, closed()]).toEqual(['ERROR', 2, 1]);
  });

  test('is closed and replaced, and the client is at work again', async () => {
    const asked: [string, number][] = [];
    const { pool, threads, states } = await start({
      onUncaughtException: (failure, index) => {
        asked.push([failure.message, index]);
        return 'replace-thread';
      },
    });
    threads[1]?.report('ERROR', error);
    await until(() => expect(threads).toHaveLength(3));
    await until(() => expect(threads[2]?.calls).toEqual(['start']));
    expect(threads[2]?.index).toBe(1);
    expect(threads[1]?.calls, 'closed before another takes its place').toEqual(['start', 'close']);
    threads[1]?.report('RUNNING');
    expect(pool.state, 'what the old one reports counts no more').toBe('REBALANCING');
    threads[2]?.report('RUNNING');
    expect([asked, states]).toEqual([[['a test', 1]], ['RUNNING', 'REBALANCING', 'RUNNING']]);
    await pool.close({ leave: true });
    expect(threads.map(({ calls }) => calls.at(-1))).toEqual(['close', 'close', 'close']);
    expect(pool.state).toBe('CLOSED');
  });

  test('is replaced by one that is paused, where the client is', async () => {
    const { pool, threads } = await start({ onUncaughtException: () => 'replace-thread' });
    pool.setPaused(true);
    threads[0]?.report('ERROR', error);
    await until(() => expect(threads[2]?.calls).toEqual(['pause', 'start']));
    expect(threads[1]?.calls).toEqual(['start', 'pause']);
    await pool.close({ leave: true });
  });

  test('is not replaced while the client closes', async () => {
    const { pool, threads } = await start({ onUncaughtException: () => 'replace-thread' });
    threads[0]?.report('ERROR', error);
    await pool.close({ leave: true });
    expect(threads).toHaveLength(2);
    expect(pool.state).toBe('CLOSED');
  });

  test('shuts the application down: every member is asked to, once', async () => {
    const { pool, threads, states, requests, closed } = await start({
      onUncaughtException: () => 'shut-down-application',
    });
    threads[0]?.report('ERROR', error);
    threads[1]?.report('ERROR', error);
    await pool.close({ leave: true });
    expect([requests(), closed(), states]).toEqual([1, 1, ['RUNNING', 'ERROR: a test']]);
  });

  test('for another instance’s request asks nobody', async () => {
    const onUncaughtException = vi.fn<() => 'replace-thread'>(() => 'replace-thread');
    const { pool, threads, requests } = await start({ onUncaughtException });
    threads[0]?.report('ERROR', new FatalError('SHUTDOWN_REQUESTED', 'another asks'));
    await pool.close({ leave: true });
    expect([onUncaughtException.mock.calls, requests(), pool.state]).toEqual([[], 0, 'ERROR']);
  });

  test.each([
    [
      'throws',
      (): never => {
        throw new Error('a mistake');
      },
    ],
    ['replies something else', (): never => 'restart' as never],
  ])('shuts the client down where the handler %s', async (_how, onUncaughtException) => {
    const { pool, threads, lines } = await start({ onUncaughtException });
    threads[0]?.report('ERROR', error);
    await pool.close({ leave: true });
    expect(pool.state).toBe('ERROR');
    expect(lines.join()).toContain('onUncaughtException');
  });
});

test('what is held is given back though a thread does not close', async () => {
  const { pool, closed } = await start({
    createThread: async (_index, report) => ({
      start: () => report('RUNNING'),
      figures: () => Promise.reject(new Error('has none')),
      setPaused: () => {},
      query: async () => [],
      close: async () => {
        throw new Error('stuck');
      },
    }),
  });
  await expect(pool.close({ leave: true })).rejects.toThrowError('stuck');
  expect(closed()).toBe(1);
});
