// The state of an expiring store: all its entries, committed or not, in one log outside of JavaScript's heap.
//
//   the log:  │ committed │ sealed (its commit is in flight) │ current │ ◀─ put     abort: cut off after `committed`
//                  └─ moved to runs, by segment, once there are many; a flush writes them to disk; expired ones are dropped
//
// Most entries are never read, so none are cached decoded. The newest entry of a key wins: the last in the
// log, or else in the last run of the latest segment. Values are put at stream time, which never goes back,
// and deletions are put into every segment that has the key.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Serialized } from '../api/serde.ts';
import { BloomFilter } from './bloom-filter.ts';
import type { ChangelogSink } from './changelog-sink.ts';
import {
  includes,
  type CommittedState,
  type KeyRange,
  type StateChange,
  type Stored,
} from './committed-state.ts';
import { DiskRun } from './disk-run.ts';
import { nowhere, type Entries, type Found, type Run } from './entries.ts';
import { EntryLog } from './entry-log.ts';
import { blocksInOneTurn, type ExpiringDisk } from './expiring-disk.ts';
import { keyBytes, prefixHash, type KeyBytes } from './key-bytes.ts';
import { checkKey, type KeyEncoding } from '../api/key-text.ts';
import { compareKeys } from '../api/compare-keys.ts';
import type { CommitLayers } from './task-store.ts';

/** Once the log has this many entries or bytes, its committed ones become runs. */
const runEntries = 65_536;
const runBytes = 32 * 1024 * 1024;

/** What the state of an expiring store is made of. */
export interface ExpiringStateOptions {
  /** The encoding of key texts. */
  keys: KeyEncoding;
  /**
   * How many characters of a key are the prefix that entries are deleted by; undefined: no prefix is indexed.
   */
  prefixLength?: ((key: string) => number) | undefined;
  /** What its serde writes. */
  format: 'text' | 'bytes';
  /** How much time a segment spans, in milliseconds. */
  segmentMs: number;
  /** Undefined: the state is in memory only. */
  disk?: ExpiringDisk;
  /**
   * How many entries the log has when its committed ones become runs.
   * @default 65_536
   */
  runEntries?: number | undefined;
}

/** The runs of a segment, oldest first, and a filter of all its keys, those in the log too. */
interface Segment {
  readonly filter: BloomFilter;
  runs: Run[];
}

/** See the top of this file. An entry is in the segment of its timestamp. */
export class ExpiringState implements CommittedState, CommitLayers {
  readonly #options: ExpiringStateOptions;
  readonly #segments = new Map<number, Segment>();
  /** See the top of this file: committed up to `#committedEnd`, sealed from there to `#sealedEnd`. */
  #log = new EntryLog();
  #committedEnd = 0;
  #sealedEnd = 0;
  #sealedCount = 0;
  #position: number;
  #dropBefore = 0;
  /** The log is on disk up to here. */
  #flushedEnd = 0;
  #unflushed = 0;
  /** Runs that the next flush writes. */
  #waiting: { segment: number; run: EntryLog }[] = [];
  #flush: Promise<void> | undefined;
  /** The filters still lack keys that were on disk at the start. */
  #filling = false;
  #closed = false;

  constructor(options: ExpiringStateOptions) {
    this.#options = options;
    const { disk } = options;
    this.#position = disk?.position ?? 0;
    for (const [number, runs] of disk?.readRuns() ?? []) this.#segment(number).runs.push(...runs);
    if (this.#segments.size > 0) disk?.background(this.#fillFilters(new Map(this.#segments)));
    for (const piece of disk?.pieces() ?? []) {
      piece.each((entries, at) => {
        this.#segment(this.#segmentOf(entries.timestampAt(at))).filter.add(entries.hashAt(at));
        this.#log.copy(entries, at);
      });
    }
    this.#committedEnd = this.#sealedEnd = this.#flushedEnd = this.#log.end;
  }

  get position(): number {
    return this.#position;
  }

  get flushedAt(): number | undefined {
    return this.#options.disk?.flushedAt;
  }

  get pendingBytes(): number {
    return this.#log.end - this.#sealedEnd;
  }

  get unflushed(): number {
    return this.#options.disk ? this.#unflushed : 0;
  }

  get unflushedBytes(): number {
    if (!this.#options.disk) return 0;
    const inRuns = this.#waiting.reduce((sum, { run }) => sum + run.end, 0);
    return inRuns + this.#committedEnd - this.#flushedEnd;
  }

  /**
   * The newest entry of a key, committed or not; undefined for none and for a deletion. Runs are searched
   * from segment `last` back to `first`; an entry in the log is returned whatever its segment.
   */
  newest(first: number, last: number, text: string): Stored | undefined {
    const key = keyBytes(text, this.#options.keys);
    let oldest = first;
    while (oldest <= last && !this.#mayHave(oldest, key.hash)) oldest++;
    if (oldest > last) return undefined;
    const at = this.#log.find(key);
    if (at !== nowhere) return this.#log.storedAt(at, this.#options.format);
    for (let segment = last; segment >= oldest; segment--) {
      const found = this.#inRuns(segment, key);
      if (found) return found.entries.storedAt(found.at, this.#options.format);
    }
    return undefined;
  }

  /** The runs of a segment, oldest first. */
  runsOf(segment: number): readonly Run[] | undefined {
    return this.#segments.get(segment)?.runs;
  }

  /**
   * Puts a value. Without data: deletes what this time's segment has of the key.
   * @throws RangeError for a key that no store takes.
   */
  put(text: string, data: Serialized | undefined, timestamp: number): void {
    const { keys, prefixLength } = this.#options;
    checkKey(text, keys);
    const key = keyBytes(text, keys);
    this.#segment(this.#segmentOf(timestamp)).filter.add(key.hash);
    const prefix = prefixLength ? prefixHash(text, key, prefixLength(text), keys) : 0;
    this.#log.append(key, data, timestamp, prefix);
  }

  /** The keys of a segment with this prefix, committed or not, and the timestamp of each. */
  keys(segment: number, prefix: string): Map<string, number> {
    const found = this.#newestOf(segment, { prefix }, this.#log.end);
    return new Map([...found].flatMap(([key, stored]) => (stored ? [[key, stored.timestamp]] : [])));
  }

  seal(sink: ChangelogSink, changelog: { topic: string; partition: number } | undefined): void {
    const log = this.#log;
    this.#sealedEnd = log.end;
    this.#sealedCount = 0;
    if (this.#sealedEnd === this.#committedEnd) return;
    for (let at = this.#committedEnd; at < this.#sealedEnd; at = log.next(at)) {
      this.#sealedCount++;
      if (!changelog) continue;
      const [keyStart, keyEnd] = [log.keyStart(at), log.keyEnd(at)];
      const valueEnd = log.isDeletion(at) ? undefined : log.valueEnd(at);
      const { topic, partition } = changelog;
      sink.appendBytes(topic, partition, log.timestampAt(at), log.source, keyStart, keyEnd, valueEnd);
    }
  }

  commit(position: number): void {
    this.#committedEnd = this.#sealedEnd;
    this.#position = position;
    this.#unflushed += this.#sealedCount;
    this.#sealedCount = 0;
    this.#makeRuns();
  }

  abort(): void {
    this.#log.truncate(this.#committedEnd);
    this.#sealedEnd = this.#committedEnd;
    this.#sealedCount = 0;
  }

  apply(changes: Iterable<StateChange>, position: number): void {
    for (const { key, data, timestamp } of changes) {
      this.put(key, data, timestamp);
      this.#unflushed++;
    }
    this.#sealedEnd = this.#committedEnd = this.#log.end;
    this.#position = position;
    this.#makeRuns();
  }

  get(segment: number, text: string): Stored | undefined {
    const key = keyBytes(text, this.#options.keys);
    if (!this.#mayHave(segment, key.hash)) return undefined;
    const { format } = this.#options;
    for (let at = this.#log.find(key, this.#committedEnd); at !== nowhere; at = this.#log.find(key, at))
      if (this.#segmentOf(this.#log.timestampAt(at)) === segment) return this.#log.storedAt(at, format);
    const found = this.#inRuns(segment, key);
    return found?.entries.storedAt(found.at, format);
  }

  entries(segment: number, range: KeyRange = {}): Iterable<readonly [string, Stored]> {
    const found = this.#newestOf(segment, range, this.#committedEnd);
    return [...found]
      .flatMap(([key, stored]): [string, Stored][] => (stored ? [[key, stored]] : []))
      .toSorted(([a], [b]) => compareKeys(a, b));
  }

  segments(): number[] {
    return [...this.#segments.keys()].toSorted((a, b) => a - b);
  }

  dropSegmentsBefore(segment: number): void {
    if (segment <= this.#dropBefore) return;
    this.#dropBefore = segment;
    for (const number of this.#segments.keys()) {
      if (number >= segment) continue;
      this.#segments.delete(number);
      this.#options.disk?.drop(number);
    }
    this.#waiting = this.#waiting.filter((waiting) => waiting.segment >= segment);
  }

  size(): number {
    let size = 0;
    for (const { runs } of this.#segments.values()) for (const { count } of runs) size += count;
    const count = (entries: Entries, at: number): void => {
      if (this.#segmentOf(entries.timestampAt(at)) >= this.#dropBefore) size++;
    };
    this.#log.each(count, 0, this.#committedEnd);
    return size;
  }

  bytes(): number {
    const { disk } = this.#options;
    if (disk) return disk.bytes();
    let bytes = this.#committedEnd;
    for (const { runs } of this.#segments.values()) for (const run of runs) bytes += run.end;
    return bytes;
  }

  async flush(): Promise<void> {
    const { disk } = this.#options;
    while (this.#flush) await this.#flush;
    if (!disk) return;
    disk.check();
    if (this.#unflushed === 0 && this.#waiting.length === 0 && disk.isCurrent(this.#position)) return;
    this.#flush = this.#write(disk).finally(() => (this.#flush = undefined));
    await this.#flush;
  }

  async clear(): Promise<void> {
    while (this.#flush) await this.#flush;
    this.#segments.clear();
    this.#log = new EntryLog();
    this.#waiting = [];
    this.#committedEnd = this.#sealedEnd = this.#flushedEnd = 0;
    this.#position = this.#unflushed = 0;
    await this.#options.disk?.clear();
  }

  async close(): Promise<void> {
    this.#closed = true;
    // A flush that failed was reported where it began.
    while (this.#flush) await this.#flush.catch(() => {});
    await this.#options.disk?.close();
  }

  async #write(disk: ExpiringDisk): Promise<void> {
    const written = this.#waiting;
    this.#waiting = [];
    const piece = this.#log.slice(this.#flushedEnd, this.#committedEnd);
    this.#flushedEnd = this.#committedEnd;
    this.#unflushed = 0;
    const runs = await disk.write({ runs: written, piece, position: this.#position });
    for (const [index, { segment, run }] of written.entries()) {
      const kept = this.#segments.get(segment);
      // The segment expired during the write.
      if (!kept) disk.drop(segment);
      else kept.runs = kept.runs.map((other) => (other === run ? (runs[index] as DiskRun) : other));
    }
    await this.#merge(disk);
  }

  async #merge(disk: ExpiringDisk): Promise<void> {
    // The filters are being filled from the runs that were on disk at the start.
    if (this.#filling) return;
    for (const [number, segment] of this.#segments) {
      const onDisk = segment.runs.filter((run) => run instanceof DiskRun);
      const merged = await disk.merge(number, onDisk);
      // Runs that were added during the merge are newer.
      if (merged) segment.runs = [...merged, ...segment.runs.slice(onDisk.length)];
    }
  }

  /** Moves the committed entries from the log into runs, once the log is large. */
  #makeRuns(): void {
    const old = this.#log;
    const end = this.#committedEnd;
    if (old.count < (this.#options.runEntries ?? runEntries) && old.end < runBytes) return;
    const made = new Map<number, EntryLog>();
    const intoRun = (entries: Entries, at: number): void => {
      const segment = this.#segmentOf(entries.timestampAt(at));
      if (segment < this.#dropBefore) return;
      let run = made.get(segment);
      if (!run) made.set(segment, (run = new EntryLog()));
      run.copy(entries, at);
    };
    old.each(intoRun, 0, end);
    this.#log = new EntryLog();
    old.each((entries, at) => this.#log.copy(entries, at), end);
    // No commit is in flight here: what follows the committed entries is current.
    this.#committedEnd = this.#sealedEnd = this.#flushedEnd = 0;
    for (const [segment, run] of made) {
      this.#segment(segment).runs.push(run);
      if (this.#options.disk) this.#waiting.push({ segment, run });
    }
    this.#options.disk?.forgetPieces();
  }

  /** The newest entry of each key of a segment, of the log up to `end`; undefined for a deletion. */
  #newestOf(segment: number, range: KeyRange, end: number): Map<string, Stored | undefined> {
    const found = new Map<string, Stored | undefined>();
    const { format, keys, prefixLength } = this.#options;
    const { prefix = '' } = range;
    const start = Buffer.from(prefix, keys);
    const take = (entries: Entries, at: number): void => {
      if (!entries.keyBegins(at, start)) return;
      const key = entries.keyAt(at, keys);
      if (includes(range, key)) found.set(key, entries.storedAt(at, format));
    };
    const takeOfSegment = (entries: Entries, at: number): void => {
      if (this.#segmentOf(entries.timestampAt(at)) === segment) take(entries, at);
    };
    const runs = this.#segments.get(segment)?.runs ?? [];
    if (prefixLength && prefix !== '' && prefixLength(prefix) === prefix.length) {
      const hash = prefixHash(prefix, keyBytes(prefix, keys), prefix.length, keys);
      for (const run of runs) run.findPrefix(hash, take);
      this.#log.eachOfPrefix(hash, takeOfSegment, end);
    } else {
      for (const run of runs) run.each(take);
      this.#log.each(takeOfSegment, 0, end);
    }
    return found;
  }

  #inRuns(segment: number, key: KeyBytes): Found | undefined {
    const runs = this.#segments.get(segment)?.runs ?? [];
    for (let i = runs.length - 1; i >= 0; i--) {
      const found = (runs[i] as Run).lookUp(key);
      if (found) return found;
    }
    return undefined;
  }

  /** Adds the keys that were on disk at the start to the filters, in the background. */
  async #fillFilters(segments: ReadonlyMap<number, Segment>): Promise<void> {
    this.#filling = true;
    let read = 0;
    for (const [number, segment] of segments) {
      for (const run of segment.runs.filter((one) => one instanceof DiskRun)) {
        const filter = new BloomFilter();
        for (let index = 0; index < run.blocks; index++) {
          if (read++ % blocksInOneTurn === 0) await nextTurn();
          // Closed, or the segment expired or was cleared.
          if (this.#closed || this.#segments.get(number) !== segment) break;
          run.block(index)?.each((entries, at) => {
            const hash = entries.hashAt(at);
            segment.filter.add(hash);
            if (!run.merged) filter.add(hash);
          });
        }
        if (!run.merged) run.filter = filter;
      }
    }
    this.#filling = false;
  }

  #mayHave(segment: number, hash: number): boolean {
    const filter = this.#segments.get(segment)?.filter;
    return filter !== undefined && (this.#filling || filter.mayHave(hash));
  }

  #segment(number: number): Segment {
    let segment = this.#segments.get(number);
    if (!segment) this.#segments.set(number, (segment = { filter: new BloomFilter(), runs: [] }));
    return segment;
  }

  #segmentOf(timestamp: number): number {
    return Math.floor(timestamp / this.#options.segmentMs);
  }
}
