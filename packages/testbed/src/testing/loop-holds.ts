// How long a process under test holds its event loop: asked of the probe that is loaded into it.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

/** The argument of Node that loads the probe; its process needs an IPC channel (`stdio: [..., 'ipc']`). */
export const loopProbe: string = `--import=${pathToFileURL(join(import.meta.dirname, 'loop-probe.ts')).href}`;

/** The longest time that an event loop may be held, in milliseconds. */
export const mostHeldMs = 50;

/** What the probe's known work takes at least on a machine of 2026, in milliseconds of CPU. */
const knownWorkMs = 10;
/** A machine that is slower than this many times is not waited for: 500 ms are too long on each. */
const mostSlowness = 4;

async function ask(child: ChildProcess, question: string): Promise<number> {
  const answer = once(child, 'message');
  child.send(question);
  const [number] = (await answer) as [number];
  return number;
}

/** The longest hold until the process has worked off what it was sent, in milliseconds of CPU. */
async function holdUntilIdle(child: ChildProcess): Promise<number> {
  let longest = 0;
  for (let idle = 0; idle < 2;) {
    const held = await ask(child, 'longest hold');
    longest = Math.max(longest, held);
    idle = held < 5 ? idle + 1 : 0;
    await sleep(50);
  }
  return longest;
}

/**
 * The longest time that a process holds its event loop because of an input, in milliseconds of CPU on a
 * machine that does nothing else: what a busy or slow one takes longer for a known piece of work is taken
 * off. Where it is more than `mostMs`, the input is run again, three times in all, and the least counts:
 * compiling and collecting garbage differ from run to run; an input that holds the loop does so each time.
 */
export async function holdOf(
  child: ChildProcess,
  input: () => Promise<unknown>,
  mostMs: number = mostHeldMs,
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && least > mostMs; round++) {
    await holdUntilIdle(child);
    const before = await ask(child, 'known work');
    await input();
    const held = await holdUntilIdle(child);
    const after = await ask(child, 'known work');
    const slowness = Math.min(mostSlowness, Math.max(1, before / knownWorkMs, after / knownWorkMs));
    least = Math.min(least, held / slowness);
  }
  return least;
}
