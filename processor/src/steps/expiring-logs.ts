// How many logs expire in each hour to come: entries of the ledger, which are added to its sum as the hours
// pass.
import { isoTime, windowSizes, type LedgerEntry } from '@activity/contracts';
import type { KeyValueStore, ProcessorContext } from '@activity/streams';
import { noVerdicts } from './verdict.ts';

/** The hours to come in which logs expire: one entry of the store. Times in epoch milliseconds. */
export interface ExpiryHours {
  /** When the count began: a processor that reads raw from the start has another. */
  since: number;
  hours: readonly number[];
}

const hoursKey = 'expiries|hours';

/** What the sum of the ledger is to be given. */
export interface Expired {
  /** How many logs have expired since the last commit. */
  logs: number;
  since: string;
}

/** Counts, per hour, the logs of a partition that expire then. Does nothing while no log expires. */
export class ExpiringLogs {
  readonly #context: ProcessorContext<string, LedgerEntry>;
  readonly #entries: KeyValueStore<string, LedgerEntry>;
  readonly #hours: KeyValueStore<string, ExpiryHours>;
  /** What changed since the last commit: by how much, by hour. */
  readonly #open = new Map<number, number>();
  /** Undefined until they are read. */
  #waiting: Set<number> | undefined;
  #since = 0;
  #next = Infinity;

  /** Entries and hours are in one store. */
  constructor(
    context: ProcessorContext<string, LedgerEntry>,
    entries: KeyValueStore<string, LedgerEntry>,
    hours: KeyValueStore<string, ExpiryHours>,
  ) {
    this.#context = context;
    this.#entries = entries;
    this.#hours = hours;
  }

  /** Adds logs that expire at an hour; takes them away where the number is below 0. */
  add(hour: number, logs: number): void {
    this.#open.set(hour, (this.#open.get(hour) ?? 0) + logs);
  }

  /**
   * Writes and passes on the hours that changed, and those that are over by `now`.
   * Returns what the sum is to be given; undefined where nothing changed.
   */
  commit(now: number): Expired | undefined {
    const waiting = (this.#waiting ??= this.#read());
    if (this.#open.size === 0 && this.#next > now) return undefined;
    if (this.#since === 0) this.#since = this.#context.now();
    let expired = 0;
    let changed = this.#hours.get(hoursKey) === undefined;
    for (const [hour, logs] of this.#open) {
      if (hour <= now && !waiting.has(hour)) {
        expired += logs;
        continue;
      }
      if (!waiting.has(hour)) {
        waiting.add(hour);
        changed = true;
      }
      this.#write(hour, this.#logsOf(hour) + logs, now);
    }
    for (const hour of waiting) {
      if (hour > now) continue;
      expired += this.#logsOf(hour);
      this.#write(hour, 0, now);
      this.#entries.delete(keyOf(hour));
      waiting.delete(hour);
      changed = true;
    }
    if (changed) this.#hours.put(hoursKey, { since: this.#since, hours: [...waiting] }, now);
    this.#open.clear();
    this.#next = Math.min(...waiting);
    return { logs: expired, since: isoTime(this.#since) };
  }

  /** Drops what changed. */
  forget(): void {
    this.#open.clear();
    this.#waiting = undefined;
    this.#next = Infinity;
  }

  #read(): Set<number> {
    const known = this.#hours.get(hoursKey);
    const waiting = new Set(known?.hours);
    this.#since = known?.since ?? 0;
    this.#next = Math.min(...waiting);
    return waiting;
  }

  #logsOf(hour: number): number {
    return this.#entries.get(keyOf(hour))?.expiring ?? 0;
  }

  #write(hour: number, logs: number, now: number): void {
    const { partition } = this.#context;
    const entry: LedgerEntry = {
      _id: `${partition}|expires|${isoTime(hour)}`,
      partition,
      minute: isoTime(Math.floor(now / windowSizes.minute) * windowSizes.minute),
      firstOffset: 0,
      lastOffset: 0,
      ...noVerdicts,
      expires: isoTime(hour),
      expiring: logs,
      expiriesSince: isoTime(this.#since),
    };
    this.#entries.put(keyOf(hour), entry, now);
    this.#context.forward({ key: entry._id, value: entry, timestamp: now, headers: [] });
  }
}

function keyOf(hour: number): string {
  return `expiries|hour|${hour}`;
}
