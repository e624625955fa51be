// Calls that a test settles, in any order.
import type { AsyncCall } from '../api/async-processor.ts';

/** A call that waits for the test. */
export interface HeldCall {
  readonly key: string;
  readonly value: string;
  readonly call: AsyncCall;
  resolve(result: string): void;
  reject(error: Error): void;
}

/** A function for steps that await, and its calls that were not settled yet, oldest first. */
export class HeldCalls {
  readonly #open = new Set<HeldCall>();
  readonly #keys = new Map<string, number>();
  /** How many calls there were at most at once, how many in all, and the keys that had two at once. */
  most = 0;
  made = 0;
  readonly keysAtOnce: Set<string> = new Set();

  get open(): HeldCall[] {
    return [...this.#open];
  }

  readonly make = (value: string, key: string, call: AsyncCall): Promise<string> => {
    this.made++;
    const ofKey = (this.#keys.get(key) ?? 0) + 1;
    this.#keys.set(key, ofKey);
    if (ofKey > 1) this.keysAtOnce.add(key);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const held: HeldCall = {
      key,
      value,
      call,
      resolve: (result) => this.#settle(held, () => resolve(result)),
      reject: (error) => this.#settle(held, () => reject(error)),
    };
    // Nobody waits for it any more.
    call.signal.addEventListener('abort', () => this.#settle(held, () => reject(new Error('aborted'))));
    this.#open.add(held);
    this.most = Math.max(this.most, this.#open.size);
    return promise;
  };

  /** Settles the first call for a value. */
  answer(value: string): void {
    const held = this.open.find((one) => one.value === value);
    if (!held)
      throw new Error(`no call for ${value}; open are ${this.open.map((one) => one.value).join(' ')}`);
    held.resolve(`${value}!`);
  }

  #settle(held: HeldCall, settle: () => void): void {
    if (this.#open.delete(held)) this.#keys.set(held.key, (this.#keys.get(held.key) ?? 1) - 1);
    settle();
  }
}
