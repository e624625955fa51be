// Watches from outside how much is written and how much is committed: twenty times a second, at the broker.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import { committed, offsetsIn } from '../processor/kafka.ts';
import { groupOf, topicsOf } from './application.ts';
import type { Kind } from './job.ts';
import type { Sample } from './phases.ts';

/** Takes samples until it is closed. */
export class Watch {
  readonly samples: Sample[] = [];
  #closed = false;
  readonly #watching: Promise<void>;

  constructor(admin: Admin, kind: Kind) {
    this.#watching = this.#run(admin, kind);
    // A failure is thrown by `until` and `close`.
    this.#watching.catch(() => undefined);
  }

  /** Resolves once a sample fits. @throws Error after `mostMs` */
  async until(what: string, fits: () => boolean, mostMs: number): Promise<void> {
    const latest = Date.now() + mostMs;
    while (!fits()) {
      if (Date.now() > latest) throw new Error(`waiting until ${what}: ${mostMs} ms have passed`);
      await Promise.race([sleep(20), this.#watching]);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watching;
  }

  async #run(admin: Admin, kind: Kind): Promise<void> {
    while (!this.#closed) {
      // In this order, so that a lag is never smaller than it is. Nobody writes to the input in transactions.
      const done = await committed(admin, groupOf(kind), [topicsOf(kind).input]);
      const written = await offsetsIn(admin, topicsOf(kind).input);
      this.samples.push({ at: Date.now(), written, committed: done });
      await sleep(50);
    }
  }
}
