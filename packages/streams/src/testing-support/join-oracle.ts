// A naive model of the join of two streams: lists, looked through from beginning to end.
import type { JoinWindows } from '../operators/stream-join.ts';
import type { Input, Out } from './faults.ts';

type Side = 'left' | 'right';

interface Kept {
  side: Side;
  key: string;
  value: string;
  time: number;
}

/** What {@link joinOracle} is asked. */
export interface JoinQuestion {
  kind: 'inner' | 'left' | 'outer';
  windows: JoinWindows;
  /** Which stream a record is of. */
  sideOf: (value: string) => Side;
}

function text(left: Kept | undefined, right: Kept | undefined): string {
  return `${left?.value ?? '-'}+${right?.value ?? '-'}`;
}

/** What a join makes of the records of a partition, of which each is of one side, in their order. */
export function joinOracle(records: readonly Input<string>[], question: JoinQuestion): Out<string>[] {
  const { kind, windows, sideOf } = question;
  const { beforeMs, afterMs, graceMs } = windows;
  const out: Out<string>[] = [];
  const kept: Kept[] = [];
  let waiting: Kept[] = [];
  let streamTime = -1;
  let minTime = Number.POSITIVE_INFINITY;
  const newest = (side: Side): number =>
    kept.reduce((most, k) => (k.side === side ? Math.max(most, k.time) : most), -1);
  const oldest = (side: Side): number => newest(side) - (beforeMs + afterMs + graceMs) + 1;
  const alone = (one: Kept): void => {
    const joined = one.side === 'left' ? text(one, undefined) : text(undefined, one);
    out.push([one.key, joined, one.time]);
  };
  const isOpen = ({ side, time }: Kept): boolean =>
    time + (side === 'left' ? afterMs : beforeMs) + graceMs >= streamTime;
  const inOrder = (a: Kept, b: Kept): number =>
    a.time - b.time ||
    Number(a.side === 'left') - Number(b.side === 'left') ||
    Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));

  for (const { key, value, timestamp: time } of records) {
    const own: Kept = { side: sideOf(value), key, value, time };
    const [before, after] = own.side === 'left' ? [beforeMs, afterMs] : [afterMs, beforeMs];
    streamTime = Math.max(streamTime, time);
    if (kind !== 'inner' && time === streamTime && minTime + after + graceMs < streamTime) {
      minTime = Number.POSITIVE_INFINITY;
      const open = new Set<Side>();
      const entries = Map.groupBy(waiting.toSorted(inOrder), (one) =>
        JSON.stringify([one.time, one.side, one.key]),
      );
      for (const same of entries.values()) {
        const [first] = same as [Kept, ...Kept[]];
        minTime = first.time;
        if (open.size === 2) break;
        if (isOpen(first)) open.add(first.side);
        else {
          same.forEach(alone);
          waiting = waiting.filter((one) => !same.includes(one));
        }
      }
    }
    const other = own.side === 'left' ? 'right' : 'left';
    // As in Kafka Streams, where a window that ends before the epoch ends with it.
    const latest = Math.max(0, time + after);
    const earliest = Math.max(time - before, oldest(other));
    const found = kept
      .filter((one) => one.side === other && one.key === key && one.time >= earliest && one.time <= latest)
      .toSorted((a, b) => a.time - b.time);
    for (const one of found) {
      waiting = waiting.filter((w) => w.side !== other || w.key !== key || w.time !== one.time);
      out.push([key, own.side === 'left' ? text(own, one) : text(one, own), Math.max(time, one.time)]);
    }
    if (found.length === 0 && (kind === 'outer' || (kind === 'left' && own.side === 'left'))) {
      if (latest < streamTime) alone(own);
      else {
        waiting.push(own);
        minTime = Math.min(minTime, time);
      }
    }
    if (time >= oldest(own.side)) kept.push(own);
  }
  return out;
}
