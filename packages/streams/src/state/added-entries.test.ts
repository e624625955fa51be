// How many entries a store has, whose changes wait in memory for the disk; for every backend.
import { afterEach, describe, expect, test } from 'vitest';
import { stateBackends, type OpenBackend } from '../testing-support/state-backends.ts';
import type { StateChange } from './committed-state.ts';

let toDispose: OpenBackend[] = [];

afterEach(async () => {
  for (const backend of toDispose) await backend.dispose();
  toDispose = [];
});

function change(segment: number, key: string, data: string | undefined): StateChange {
  return { segment, key, data, timestamp: 0 };
}

describe.each(stateBackends)('the size of $name', ({ create }) => {
  function begin(): OpenBackend {
    const backend = create();
    toDispose.push(backend);
    return backend;
  }

  test('counts an entry once, wherever its changes wait', async () => {
    const state = await begin().open();
    const keys = Array.from({ length: 100 }, (_, n) => `key ${n}`);
    const put = (some: readonly string[], data: string | undefined): void =>
      state.apply(
        some.map((key) => change(0, key, data)),
        state.position + 1,
      );
    put(keys, 'x');
    await state.flush();
    put(keys.slice(0, 60), 'y');
    put(['new'], 'y');
    expect(state.size()).toBe(101);
    put(keys.slice(0, 10), undefined);
    put(['never there'], undefined);
    expect(state.size()).toBe(91);
    // Two layers in memory: the one that is written, and the one on top of it.
    const flushing = state.flush();
    put([...keys.slice(5, 20), 'newer'], 'z');
    put(['new'], undefined);
    expect(state.size()).toBe(96);
    await flushing;
    await state.flush();
    expect(state.size()).toBe(96);
  });

  test('counts about right where many changes wait', async () => {
    const state = await begin().open();
    const keys = Array.from({ length: 4_000 }, (_, n) => `key ${n}`);
    state.apply(
      keys.map((key) => change(0, key, 'x')),
      1,
    );
    await state.flush();
    state.apply(
      keys.flatMap((key) => [change(0, key, 'y'), change(0, `new ${key}`, 'y')]),
      2,
    );
    expect(state.size() / 8_000).toBeCloseTo(1, 1);
  });
});
