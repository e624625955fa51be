// How fast a stream processor gets through its input, as its commits tell.
import type { Admin } from 'kafkajs';
import { startProgram } from '../shared/child.ts';
import { cpuOf, perEvent } from '../shared/cpu.ts';
import { committed } from './kafka.ts';

/** What to run, and how to measure how far it is. */
export interface Run {
  name: string;
  file: string;
  args: string[];
  env?: Record<string, string>;
  /** What it prints when all of its threads are at work. */
  running: string;
  admin: Admin;
  group: string;
  inputs: readonly string[];
  /** How many records the inputs have. */
  records: number;
  timeoutMs: number;
}

/** How fast it was, from when all of its threads were at work. */
export interface Rates {
  /** Records a second over all of the input. */
  whole: number;
  /** Records a second over its second half, when compilers have done most of their work. */
  steady: number;
  /** Microseconds of CPU of the process for a record, over all of the input. */
  cpu: number;
}

/** A program that had not done its input within its time. */
export class TooSlowError extends Error {}

/**
 * Runs it until it has committed its whole input. What was committed before all of its threads were at work
 * is not counted: the first thread begins alone.
 */
export async function rateOf(run: Run): Promise<Rates> {
  const { name, admin, group, inputs, records } = run;
  const child = startProgram(run.file, run.args, run.env);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code} before it was running`)));
      child.stdout.on('data', (text: Buffer) => {
        if (text.toString().includes(run.running)) resolve();
      });
    });
    const before = await committed(admin, group, inputs);
    const pids = { child: child.pid ?? 0 };
    const usedBefore = cpuOf(pids);
    const began = performance.now();
    let half: { done: number; at: number } | undefined;
    for (;;) {
      const done = await committed(admin, group, inputs);
      if (done >= records) break;
      if (done >= records / 2) half ??= { done, at: performance.now() };
      if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it was done`);
      if (performance.now() - began > run.timeoutMs)
        throw new TooSlowError(`${name} had done ${done} of ${records} records after ${run.timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const ended = performance.now();
    const rate = (from: number, since: number): number => (records - from) / ((ended - since) / 1000);
    return {
      whole: rate(before, began),
      steady: half === undefined ? Number.NaN : rate(half.done, half.at),
      cpu: perEvent(usedBefore, cpuOf(pids), records - before).child,
    };
  } finally {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(force);
  }
}
