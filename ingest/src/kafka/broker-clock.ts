// How far this machine's clock is from the brokers', by the times at which they append what is written.
import type { Logger } from '@activity/service';

/** More than this is said: in milliseconds. */
const toleratedMs = 1_000;
/**
 * The last writes, of which the least difference counts: what is sent again may have been appended long
 * before.
 */
const writesCompared = 3;

/** What a clock needs. */
export interface BrokerClockOptions {
  logger: Logger;
  /** The time of day in epoch milliseconds. */
  now: () => number;
}

/**
 * Compares the clocks with each write: the broker has appended a record after it was sent and before it was
 * acknowledged. What is left over is how far the clocks are apart at least, however long the answer took.
 * Needs a topic with `message.timestamp.type=LogAppendTime`.
 */
export class BrokerClock {
  readonly #options: BrokerClockOptions;
  #seen: number[] = [];
  #saidOff = false;

  constructor(options: BrokerClockOptions) {
    this.#options = options;
  }

  /** The time of day here: for {@link appended}. */
  now(): number {
    return this.#options.now();
  }

  /**
   * Takes in when a broker appended what was sent at `sentAt` and has just been acknowledged; -1 where it
   * does not say.
   */
  appended(appendedAt: number, sentAt: number): void {
    if (appendedAt < 0) return;
    const after = Math.min(0, this.now() - appendedAt);
    this.#seen = [appendedAt < sentAt ? sentAt - appendedAt : after, ...this.#seen].slice(0, writesCompared);
    const wasOff = this.#saidOff;
    this.#saidOff = this.isOff;
    const { aheadMs } = this;
    if (this.#saidOff && !wasOff) this.#options.logger.warn({ aheadMs }, this.warning);
    if (!this.#saidOff && wasOff) this.#options.logger.info({ aheadMs }, 'the clock is right again');
  }

  /** Whether the clocks are more than a second apart. */
  get isOff(): boolean {
    return Math.abs(this.aheadMs) > toleratedMs;
  }

  /** How far this machine's clock is ahead of the broker's, in milliseconds; below 0 where it is behind. */
  get aheadMs(): number {
    if (this.#seen.length < writesCompared) return 0;
    return this.#seen.reduce((least, one) => (Math.abs(one) < Math.abs(least) ? one : least));
  }

  /** What to say of it; undefined while the clocks agree. */
  get warning(): string | undefined {
    if (!this.isOff) return undefined;
    const seconds = Math.round(Math.abs(this.aheadMs) / 1_000);
    const how = this.aheadMs > 0 ? 'ahead of' : 'behind';
    return `the clock of this machine is ${seconds} s ${how} the broker’s: set it by NTP`;
  }
}
