// Reads the pipeline's public API with a key, once it is complete.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const fresh = z.looseObject({ asOf: z.iso.datetime().nullable() });
const tooLongMs = 120_000;

/** Reads the API. */
export interface Reader {
  /** An answer with `asOf`, when it has everything that was acknowledged before the sending ended. */
  complete<T>(path: string, shape: z.ZodType<T>): Promise<T>;
  /** An answer as it is. */
  json<T>(path: string, shape: z.ZodType<T>): Promise<T>;
  /** The lines of an answer. */
  lines<T>(path: string, shape: z.ZodType<T>): Promise<T[]>;
}

/** Makes a reader of what was sent before `ended`, in epoch milliseconds. */
export function readerOf(edge: string, readKey: string, ended: number): Reader {
  async function text(path: string): Promise<string> {
    const response = await fetch(`${edge}${path}`, { headers: { 'x-api-key': readKey } });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.status} ${body}`);
    return body;
  }

  async function json<T>(path: string, shape: z.ZodType<T>): Promise<T> {
    return shape.parse(JSON.parse(await text(path)));
  }

  async function complete<T>(path: string, shape: z.ZodType<T>): Promise<T> {
    const until = Date.now() + tooLongMs;
    for (;;) {
      const found = await json(path, fresh);
      if (found.asOf !== null && Date.parse(found.asOf) > ended) return shape.parse(found);
      if (Date.now() > until) throw new Error(`GET ${path}: asOf is still ${found.asOf}`);
      await sleep(500);
    }
  }

  async function lines<T>(path: string, shape: z.ZodType<T>): Promise<T[]> {
    const found = (await text(path)).split('\n').filter((line) => line !== '');
    return found.map((line) => shape.parse(JSON.parse(line)));
  }

  return { complete, json, lines };
}
