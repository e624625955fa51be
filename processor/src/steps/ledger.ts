// The ledger: counts, by minute of the raw records, what became of each of them; in the same transaction as
// the work itself.
import { isoTime, windowSizes, type LedgerEntry } from '@activity/contracts';
import type { KeyValueStore, Processor, ProcessorContext, ProcessorSupplier } from '@activity/streams';
import { isArrivalTime } from '../incoming.ts';
import { blockOf, newBlock, readBits, writeBits } from './bit-block.ts';
import { Expiries } from './expiries.ts';
import { ExpiringLogs } from './expiring-logs.ts';
import { originOf, type Origin } from './origin.ts';
import { noVerdicts, type Verdict } from './verdict.ts';

/** The stores' names: the entries, and which raw offsets are logs that were not deleted. */
export const ledgerStore = 'ledger';
export const positionsStore = 'positions';

/** Each raw offset has one bit in the positions. */
const bitsEach = 1;
/** Minutes are taken up again this much later at most: the raw records' clock is the edge's. */
const keptMinutesMs = 8 * 86_400_000;

/** Adds verdicts up and passes on, at each commit, the entries that changed. */
export function keepLedger(): ProcessorSupplier<string, Verdict, string, LedgerEntry> {
  return function createKeepLedger(): Processor<string, Verdict, string, LedgerEntry> {
    let context: ProcessorContext<string, LedgerEntry>;
    let entries: KeyValueStore<string, LedgerEntry>;
    let positions: KeyValueStore<string, Buffer>;
    let origin: () => Origin;
    let expiries: Expiries;
    let expiring: ExpiringLogs;
    /** What changed since the last commit. */
    const open = new Map<number, LedgerEntry>();
    const blocks = new Map<number, Buffer>();
    const all = -1;
    let newest = 0;

    function entryOf(minute: number, offset: number): LedgerEntry {
      let entry = open.get(minute);
      if (entry) return entry;
      const name = minute === all ? 'all' : isoTime(minute);
      const known = entries.get(name);
      entry = known
        ? { ...known }
        : {
            _id: `${context.partition}|${name}`,
            partition: context.partition,
            ...(minute !== all && { minute: name }),
            firstOffset: offset,
            lastOffset: offset,
            ...noVerdicts,
          };
      open.set(minute, entry);
      return entry;
    }

    /** Sets or clears an offset's bit; returns whether that changed it. */
    function mark(offset: number, stored: boolean): boolean {
      const number = blockOf(offset);
      let block = blocks.get(number);
      if (!block) {
        const known = positions.get(String(number));
        if (!known && !stored) return false;
        blocks.set(number, (block = newBlock(bitsEach, known)));
      }
      const bit = stored ? 1 : 0;
      if (readBits(block, offset, bitsEach) === bit) return false;
      writeBits(block, offset, bitsEach, bit);
      return true;
    }

    /** Takes a log away that a command deletes; returns whether it was there, and had not expired. */
    function remove(offset: number, now: number): boolean {
      if (!mark(offset, false)) return false;
      const expiresAt = expiries.of(offset);
      if (expiresAt === undefined) return true;
      if (expiresAt <= now || expiresAt <= newest) return false;
      expiring.add(expiresAt, -1);
      return true;
    }

    function forgetAll(): void {
      open.clear();
      blocks.clear();
      expiries.forget();
      expiring.forget();
    }

    function beforeCommit(): void {
      const first = origin();
      const expired = expiring.commit(newest);
      if (expired !== undefined) {
        const sum = entryOf(all, 0);
        sum.expired = (sum.expired ?? 0) + expired.logs;
        sum.expiriesSince = expired.since;
      }
      for (const [minute, entry] of open) {
        const timestamp = minute === all ? newest : minute;
        entries.put(minute === all ? 'all' : isoTime(minute), entry, timestamp);
        if (minute > newest) newest = minute;
        const old = isoTime(Math.max(0, minute - keptMinutesMs));
        if (entries.get(old)) entries.delete(old);
        // The minute that the application began in is not whole, where records before it are gone.
        if (minute !== all && first.offset > 0 && minute <= first.receivedAt) continue;
        context.forward({ key: entry._id, value: entry, timestamp, headers: [] });
      }
      for (const [number, block] of blocks) positions.put(String(number), block, newest);
      expiries.commit(newest);
      open.clear();
      blocks.clear();
    }

    return {
      init(given) {
        context = given;
        entries = given.keyValueStore(ledgerStore);
        positions = given.keyValueStore(positionsStore);
        origin = originOf(given);
        expiries = new Expiries(given.keyValueStore(ledgerStore));
        expiring = new ExpiringLogs(
          context,
          given.keyValueStore(ledgerStore),
          given.keyValueStore(ledgerStore),
        );
        given.onCommit({ beforeCommit, afterAbort: forgetAll });
      },
      process({ value: verdict }) {
        const position = context.position();
        if (!position) throw new Error('keeping the ledger outside of a record');
        const { offset, timestamp } = position;
        const arrivedAt = isArrivalTime(timestamp) ? timestamp : 0;
        const minute = Math.floor(arrivedAt / windowSizes.minute) * windowSizes.minute;
        if (minute > newest) newest = minute;
        if (verdict.class === 'enriched') {
          mark(offset, true);
          expiries.add(offset, verdict.expiresAt);
          if (verdict.expiresAt !== undefined) expiring.add(verdict.expiresAt, 1);
        }
        const deleted = verdict.deletes !== undefined && remove(verdict.deletes, timestamp);
        count(entryOf(minute, offset), verdict, offset, deleted);
        count(entryOf(all, offset), verdict, offset, deleted);
      },
    };
  };
}

function count(entry: LedgerEntry, verdict: Verdict, offset: number, deleted: boolean): void {
  entry[verdict.class]++;
  if (offset > entry.lastOffset) entry.lastOffset = offset;
  if (offset < entry.firstOffset) entry.firstOffset = offset;
  if (verdict.late) entry.late++;
  if (verdict.erases) entry.erased++;
  if (deleted) entry.deleted++;
}
