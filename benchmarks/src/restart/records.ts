// The restart benchmark's records. Each follows from its number, so what must come of them is known.
import type { Kind } from './job.ts';

/**
 * The event that record `n` carries. The first `keys` records are the events of as many keys. Of the later
 * ones each tenth is a copy: of an event a moment ago, or of one of the first.
 */
export function eventOf(n: number, keys: number): number {
  if (n < keys || n % 10 !== 9) return n;
  return n % 20 === 9 ? n - 5 : (n * 7_919) % keys;
}

/** The number of the key that an event has. */
function keyOf(event: number, keys: number): number {
  return event < keys ? event : (event * 7_919) % keys;
}

/** Record `n` as it is written. */
export function recordOf(n: number, keys: number): { key: string; value: string } {
  const event = eventOf(n, keys);
  return { key: `user-${keyOf(event, keys)}`, value: `event-${event}` };
}

/** What each number of the output must come to: each key's count, or 1 for each event. */
export type Expected = Map<number, number>;

/** What must come of the first `written` records. */
export function expectedOf(kind: Kind, written: number, keys: number): Expected {
  const expected: Expected = new Map();
  for (let n = 0; n < written; n++) {
    const event = eventOf(n, keys);
    if (kind === 'ids') expected.set(event, 1);
    else expected.set(keyOf(event, keys), (expected.get(keyOf(event, keys)) ?? 0) + 1);
  }
  return expected;
}

/** What an output holds so far. */
export class Found {
  readonly numbers: Map<number, number> = new Map();
  readonly #kind: Kind;
  /** All numbers added up. */
  sum = 0;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  /** Takes a record of the output: the newest count of a key, or one more of an event. */
  add(key: string, value: string): void {
    const counts = this.#kind === 'counts';
    const text = counts ? key : value;
    const number = Number(text.slice(text.indexOf('-') + 1));
    const old = this.numbers.get(number) ?? 0;
    const now = counts ? Number(value) : old + 1;
    this.numbers.set(number, now);
    this.sum += now - old;
  }
}

/** What is wrong in an output, one line for each kind of fault. */
export function differences(kind: Kind, expected: Expected, { numbers }: Found): string[] {
  let [less, more] = [0, 0];
  for (const [number, wanted] of expected) {
    const found = numbers.get(number) ?? 0;
    if (found < wanted) less++;
    if (found > wanted) more++;
  }
  for (const number of numbers.keys()) if (!expected.has(number)) more++;
  const what = kind === 'counts' ? 'keys are counted' : 'events are passed on';
  return [
    ...(less > 0 ? [`${less} ${what} less often than they were written`] : []),
    ...(more > 0 ? [`${more} ${what} more often than they should be`] : []),
  ];
}
