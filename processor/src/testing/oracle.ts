// The oracle: what must come of a history of raw records, worked out plainly, all at once and by nobody's
// code but this.
import type { Raw, RawEvent } from './histories.ts';

/** What must be read in the end, all texts so that a difference can be seen. */
export interface Expected {
  /** `id user/event/type time`, with `late` where they are. */
  logs: string[];
  markers: string[];
  /**
   * `user|size|start total`, late parts added: each log is in its hour and its day; in its minute, if it was
   * not late.
   */
  counts: string[];
  /** `user|start total` of the late logs that are in a minute for the hours of other time zones. */
  lateMinutes: string[];
  /** `size|start total` of the hours and days of all users: each log is in them. */
  everyone: string[];
  /** `user total rolling5m,1h,24h first last`. */
  users: string[];
  /** `minute total`. */
  minutes: string[];
  deadLetters: string[];
  /** `partition class count`. */
  ledger: string[];
}

const sizes: [string, number][] = [
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
];
const lengths = [300_000, 3_600_000, 86_400_000];

interface Seen {
  id: number;
  user: string;
  text: string;
  time: number;
  windows: string[];
  lateMinute: string | undefined;
}

function isGiven({ timestamp, received, timestampGiven }: RawEvent): boolean {
  return timestampGiven ?? timestamp !== received;
}

function timeOf(event: RawEvent): number {
  const receivedAt = Math.min(event.received, event.at);
  return isGiven(event) ? Math.min(event.timestamp, receivedAt + 300_000) : receivedAt;
}

function saySame(first: RawEvent, copy: RawEvent): boolean {
  return first.type === copy.type && (!isGiven(copy) || first.timestamp === copy.timestamp);
}

/** Works a history out, with the rolling counts of `now` or of the newest event. Times in milliseconds. */
export function workOut(
  history: readonly Raw[],
  graceMs: number,
  dedupeMs: number,
  now: number = -1,
): Expected {
  const result: Expected = {
    logs: [],
    markers: [],
    counts: [],
    lateMinutes: [],
    everyone: [],
    users: [],
    minutes: [],
    deadLetters: [],
    ledger: [],
  };
  const minutes = new Map<string, number>();
  const everyone = new Map<string, number>();
  for (const [partition, records] of Map.groupBy(history, (one) => one.partition)) {
    const ledger = new Map<string, number>();
    const live = new Set<number>(),
      deleted = new Set<number>(),
      markers = new Set<number>();
    const copies = new Map<string, { copy: RawEvent; seenAt: number }>();
    let logs: Seen[] = [];
    let streamTime = -1,
      offset = 0;
    const note = (name: string): unknown => ledger.set(name, (ledger.get(name) ?? 0) + 1);
    const refuse = (reason: string): void => {
      note('deadLettered');
      result.deadLetters.push(reason);
    };
    for (const raw of records) {
      const id = offset++ * 1024 + partition;
      if (raw.kind === 'garbage') refuse(raw.reason);
      else if (raw.kind === 'stray') {
        streamTime = Math.max(streamTime, timeOf(raw.event));
        refuse('wrong-partition');
      } else if (raw.kind === 'delete') {
        if (raw.id % 1024 !== partition || raw.id >= id) {
          refuse('invalid');
          continue;
        }
        note('command');
        if (live.delete(raw.id)) note('deleted');
        deleted.add(raw.id);
        markers.add(raw.id);
      } else if (raw.kind === 'erase') {
        note('command');
        note('erased');
        markers.add(-1 - id);
        logs = logs.filter(({ user }) => user !== raw.user);
        for (const key of copies.keys()) if (key.startsWith(`${raw.user}/`)) copies.delete(key);
      } else {
        const { user, event, type, at } = raw;
        const time = timeOf(raw);
        streamTime = Math.max(streamTime, time);
        const first = copies.get(`${user}/${event}`);
        if (first && first.seenAt >= at - dedupeMs) {
          if (saySame(first.copy, raw)) note('duplicate');
          else refuse('conflicting-duplicate');
          continue;
        }
        copies.set(`${user}/${event}`, { copy: raw, seenAt: at });
        note('enriched');
        live.add(id);
        const end = Math.floor(time / 60_000) * 60_000 + 60_000;
        const late = end <= streamTime - graceMs || end <= at - 30 * 86_400_000;
        const [minute, ...long] = sizes.map(
          ([size, length]) => `${size}|${new Date(Math.floor(time / length) * length).toISOString()}`,
        ) as [string, string, string];
        const windows = late ? long : [minute, ...long];
        for (const window of long) everyone.set(window, (everyone.get(window) ?? 0) + 1);
        if (late) note('late');
        else minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
        logs.push({
          id,
          user,
          time,
          text: `${user}/${event}/${type} ${time}${late ? ' late' : ''}`,
          windows,
          lateMinute: late && at < end + 2 * 86_400_000 ? minute : undefined,
        });
      }
    }
    for (const [user, own] of Map.groupBy(logs, (log) => log.user)) {
      for (const [window, inside] of Map.groupBy(
        own.flatMap((log) => log.windows),
        (one) => one,
      ))
        result.counts.push(`${user}|${window} ${inside.length}`);
      for (const [minute, inside] of Map.groupBy(own, (log) => log.lateMinute))
        if (minute !== undefined) result.lateMinutes.push(`${user}|${minute} ${inside.length}`);
      const second = (time: number): number => Math.floor(time / 1_000);
      const at = Math.max(streamTime, now);
      const rolling = lengths.map(
        (length) => own.filter(({ time }) => second(time) >= second(at - length)).length,
      );
      const times = own.map(({ time }) => time);
      result.users.push(
        `${user} ${own.length} ${rolling.join()} ${Math.min(...times)} ${Math.max(...times)}`,
      );
    }
    for (const { id, text } of logs) if (!deleted.has(id)) result.logs.push(`${id} ${text}`);
    for (const id of markers) result.markers.push(String(id));
    result.ledger.push(...[...ledger].map(([name, count]) => `${partition} ${name} ${count}`));
  }
  for (const [minute, total] of minutes) result.minutes.push(`${minute} ${total}`);
  for (const [window, total] of everyone) result.everyone.push(`${window} ${total}`);
  for (const list of Object.values(result) as string[][]) list.sort();
  return result;
}
