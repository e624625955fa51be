// The clocks of the steps and stores of one task: they go forward only, and are committed with the offsets.
import { FatalError } from '../api/errors.ts';
import type { StepClock } from '../api/processor.ts';
import { murmur2 } from '@activity/kafka/core';

class Clock implements StepClock {
  time = -1;

  advance(time: number): number {
    if (time > this.time) this.time = time;
    return this.time;
  }
}

/**
 * See the top of this file. All of them are in the metadata of every offset: of several partitions, the one
 * that was committed last has the newest times.
 */
export class StepClocks {
  readonly #clocks = new Map<string, Clock>();
  #sealed = '';

  /** The clock of this name; the same one each time. */
  of(name: string): StepClock {
    const id = idOf(name);
    let clock = this.#clocks.get(id);
    if (clock) return clock;
    if (this.#clocks.size >= maxClocks) {
      const message = `a task has at most ${maxClocks} clocks of steps and stores: divide the topology by repartition()`;
      throw new FatalError('TOPOLOGY_INVALID', message);
    }
    this.#clocks.set(id, (clock = new Clock()));
    return clock;
  }

  /** A commit begins. Returns whether any clock has moved since the commit before. */
  seal(): boolean {
    const before = this.#sealed;
    this.#sealed = this.write();
    return this.#sealed !== before;
  }

  /** Sets all clocks back to what offsets say: call {@link read} with the metadata of each. */
  reset(): void {
    for (const clock of this.#clocks.values()) clock.time = -1;
    this.#sealed = '';
  }

  /** Text for an offset's metadata; empty without clocks that have a time. */
  write(): string {
    let text = '';
    for (const [id, { time }] of this.#clocks) if (time >= 0) text += `,${id}:${time.toString(36)}`;
    return text.slice(1);
  }

  /** Takes in what {@link write} wrote. Clocks that no step has any more are passed over. */
  read(text: string): void {
    for (const part of text.split(',')) {
      const [id = '', time = ''] = part.split(':');
      this.#clocks.get(id)?.advance(Number.parseInt(time, 36));
    }
    this.seal();
  }
}

/** So that they fit into an offset's metadata, each with an id and a time. */
const maxClocks = 200;

/** Short, since the broker takes 4,096 bytes of metadata for each partition. */
function idOf(name: string): string {
  return (murmur2(Buffer.from(name)) >>> 0).toString(36);
}
