// The session store of a task. The sessions of a key that end within one segment are one entry, so that those
// near a record are found without reading the store.
import type { StepClock } from '../api/processor.ts';
import type { Session, SessionStore } from '../api/session-store.ts';
import { keyText, splitWindowed } from '../api/key-text.ts';
import { FatalError } from '../api/errors.ts';
import type { SourceRecord } from '../api/record.ts';
import { checkTime, type Overlay } from './overlay.ts';
import { SegmentedStore, type SegmentedStoreOptions } from './segmented-store.ts';
import { restoredData, storedValue } from './stored-data.ts';
import { sessionListSerde, withoutSession, withSession, type SessionList } from './session-list.ts';

/** What a task's session store is made of. */
export interface SessionStoreOptions<K, V> extends SegmentedStoreOptions<K, V> {
  segmentMs: number;
  /** The latest end of a session that was put. */
  written: StepClock;
}

/** A {@link SessionStore} that belongs to one task. */
export class TaskSessionStore<K, V>
  extends SegmentedStore<K, V, SessionStoreOptions<K, V>>
  implements SessionStore<K, V>
{
  protected readonly overlay: Overlay<SessionList<V>> = this.rewritten(
    sessionListSerde(this.options.valueSerde),
  );

  findSessions(key: K, earliestEnd: number, latestStart: number): Session<V>[] {
    const text = this.keys.write(key);
    const from = Math.max(0, earliestEnd, this.#firstEnd());
    const found: Session<V>[] = [];
    const last = this.segment(this.options.written.time);
    for (let segment = this.segment(from); segment <= last; segment++) {
      for (const session of this.#list(segment, text)) {
        if (session.end < from) continue;
        if (session.start <= latestStart) found.push(session);
      }
    }
    return found;
  }

  fetchSession(key: K, start: number, end: number): V | undefined {
    if (this.#isDropped(end)) return undefined;
    const list = this.#list(this.segment(end), this.keys.write(key));
    return list.find((session) => session.end === end && session.start === start)?.value;
  }

  fetch(key: K): Session<V>[] {
    return this.findSessions(key, 0, Number.MAX_SAFE_INTEGER);
  }

  *fetchAll(from: number, to: number): Generator<[K, Session<V>]> {
    for (const segment of this.overlay.segments()) {
      if (segment < this.segment(from) || segment > this.segment(to)) continue;
      for (const [text, { value: list }] of this.overlay.entries(segment)) {
        const key = this.keys.read(splitWindowed(text).key);
        for (const session of list)
          if (session.end >= from && session.end <= to && !this.#isDropped(session.end)) yield [key, session];
      }
    }
  }

  put(key: K, start: number, end: number, value: V): void {
    checkTime(start);
    const text = this.keys.write(key);
    // What the serde throws leaves the clock as it was.
    if (end >= this.#firstKept()) this.#write(end, text, (list) => withSession(list, { start, end, value }));
    this.options.written.advance(end);
  }

  remove(key: K, start: number, end: number): void {
    const text = this.keys.write(key);
    if (this.#list(this.segment(end), text).length === 0) return;
    this.#write(end, text, (list) => withoutSession(list, start, end));
  }

  *written(): Generator<[K, Session<V | undefined>]> {
    const textOf = keyText(this.options.valueSerde).write;
    const changed: [K, Session<V>][] = [];
    for (const { key: text, window, value: now = [] } of this.overlay.written()) {
      const key = this.keys.read(text);
      const before = this.overlay.before(this.segment(window), window, text) ?? [];
      for (const { start, end } of before)
        if (!find(now, start, end)) yield [key, { start, end, value: undefined }];
      for (const session of now) {
        const old = find(before, session.start, session.end);
        if (!old || (old !== session && textOf(old.value) !== textOf(session.value)))
          changed.push([key, session]);
      }
    }
    yield* changed;
  }

  before(key: K, start: number, end: number): V | undefined {
    const segment = this.segment(end);
    const list = this.overlay.before(segment, this.#windowOf(segment), this.keys.write(key)) ?? [];
    return find(list, start, end)?.value;
  }

  override restore(records: readonly SourceRecord[], nextOffset: number): void {
    for (const record of records) this.#checkSegment(record);
    super.restore(records, nextOffset);
  }

  protected segmentOf(text: string): number | undefined {
    const segment = this.segment(splitWindowed(text).start);
    return segment < this.firstLive() ? undefined : segment;
  }

  /** What ended before is not found. */
  #firstEnd(): number {
    return this.options.written.time - this.options.retentionMs + 1;
  }

  /** What is a retention old to the millisecond is not found, and is still to be given when it closes. */
  #firstKept(): number {
    return this.#firstEnd() - 1;
  }

  /** Whether a session is gone: as Kafka Streams drops them, with all that ended in one span of time. */
  #isDropped(end: number): boolean {
    const { retentionMs, written } = this.options;
    const spanMs = Math.max(Math.floor(retentionMs / 2), 60_000);
    return Math.floor(end / spanMs) < Math.floor((written.time - retentionMs) / spanMs);
  }

  #windowOf(segment: number): number {
    return segment * this.options.segmentMs;
  }

  /** @throws FatalError for an entry that was written with other segments: nobody would find its sessions. */
  #checkSegment(record: SourceRecord): void {
    const { name, segmentMs, valueSerde } = this.options;
    const text = record.key === null ? undefined : this.keys.ofBytes(record.key);
    if (text === undefined) return;
    const { start } = splitWindowed(text);
    const serde = sessionListSerde(valueSerde);
    const data = restoredData(serde.format, record);
    const list = data === undefined ? [] : storedValue(serde, { data, timestamp: record.timestamp });
    if (start % segmentMs === 0 && list.every(({ end }) => end >= start && end < start + segmentMs)) return;
    const message = `store ${name} was written with another gap or grace: give it another name, or reset the application`;
    throw new FatalError('TOPOLOGY_INVALID', message);
  }

  #list(segment: number, text: string): SessionList<V> {
    return this.overlay.get(segment, this.#windowOf(segment), text)?.value ?? [];
  }

  #write(end: number, text: string, change: (list: SessionList<V>) => SessionList<V>): void {
    const segment = this.segment(end);
    this.reach(segment);
    const first = this.#firstKept();
    const list = change(this.#list(segment, text)).filter((session) => session.end >= first);
    const time = list.at(-1)?.end ?? end;
    this.overlay.set(segment, this.#windowOf(segment), text, list.length > 0 ? list : undefined, time);
  }
}

function find<V>(list: SessionList<V>, start: number, end: number): Session<V> | undefined {
  return list.find((session) => session.end === end && session.start === start);
}
