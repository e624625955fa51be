// From chunks of bytes to records: lines of NDJSON, rows of CSV. Memory holds one chunk and one record.

/** A record of a file. */
export interface FileRecord {
  /** Without its line break. */
  bytes: Buffer;
  /** The line that it begins on; the first is 1. */
  line: number;
  /** What is wrong with it, where it cannot be read at all. */
  problem?: string;
}

/** How a file is split. */
export interface SplitOptions {
  /** What separates the cells of CSV, whose quoted cells may hold line breaks; undefined: NDJSON. */
  delimiter: string | undefined;
  /** The longest record, in bytes. */
  maxBytes: number;
  /** Where reading begins: what was read before. */
  from?: Position;
}

/** How much of a file was read. */
export interface Position {
  /** Bytes, as they are after unpacking. */
  bytes: number;
  /** Line breaks before. */
  lines: number;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;
/** How much of a record that is too long is kept to show it, in bytes. */
const shownBytes = 4_096;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const none = Buffer.alloc(0);

/**
 * Splits a file. A record that is too long, and a quote that is never closed, become a record with a problem;
 * the lines behind it are read.
 *
 * ```
 *  at the start of a cell ──"──▶ quoted ──"──▶ closed ──"──▶ quoted
 *            └──any other──▶ plain ──delimiter──▶ at the start of a cell          line break ends a record, but in quotes
 * ```
 */
export class RecordSplitter {
  readonly #delimiter: number;
  readonly #maxBytes: number;
  #held: Buffer = none;
  /** Where in what is held the record begins, and up to where it was looked at. */
  #start = 0;
  #scanned = 0;
  #quoted = false;
  #cellStart = true;
  #bytes: number;
  #lines: number;
  /** The line that the record begins on. */
  #recordLine: number;
  /** Of a record that is too long: its beginning, and how many bytes of it were passed over. */
  #skipped: Buffer | undefined;
  #passedOver = 0;

  constructor({ delimiter, maxBytes, from = { bytes: 0, lines: 0 } }: SplitOptions) {
    this.#delimiter = delimiter === undefined ? -1 : delimiter.charCodeAt(0);
    this.#maxBytes = maxBytes;
    this.#bytes = from.bytes;
    this.#lines = from.lines;
    this.#recordLine = from.lines + 1;
  }

  /** Up to where the records go that were handed out. */
  get position(): Position {
    return { bytes: this.#bytes, lines: this.#recordLine - 1 };
  }

  /** The records that end in this chunk, with what was held before. */
  push(chunk: Buffer): FileRecord[] {
    const rest = this.#held.subarray(this.#start);
    this.#held = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#scanned -= this.#start;
    this.#start = 0;
    const records: FileRecord[] = [];
    while (this.#scan(records));
    return records;
  }

  /** The records of the end of the file: the last one may have no line break. */
  end(): FileRecord[] {
    if (this.#start === this.#held.length && this.#skipped === undefined) return [];
    const records = this.push(Buffer.from('\n'));
    // A quote is open: its line is a record of its own, and what is behind it is read as rows again.
    while (this.#start < this.#held.length) {
      this.#giveUpQuote(records);
      while (this.#scan(records));
    }
    // The line break was not in the file.
    this.#bytes--;
    return records;
  }

  /** Goes on to the end of the record. Returns whether it was found. */
  #scan(records: FileRecord[]): boolean {
    const end = this.#delimiter < 0 ? this.#held.indexOf(lineFeed, this.#scanned) : this.#endOfRow();
    if (end >= 0) {
      this.#emit(records, end);
      return true;
    }
    this.#scanned = this.#held.length;
    if (this.#held.length - this.#start <= this.#maxBytes) return false;
    if (this.#quoted) {
      this.#quoted = false;
      this.#cellStart = true;
      if (this.#held.includes(lineFeed, this.#start)) {
        this.#giveUpQuote(records);
        return true;
      }
    }
    // Too long a line: its beginning is kept, the rest is passed over.
    const dropped = this.#held.length - this.#start;
    this.#skipped ??= Buffer.from(this.#held.subarray(this.#start, this.#start + shownBytes));
    this.#passedOver += dropped;
    this.#start = this.#held.length;
    return false;
  }

  #endOfRow(): number {
    const held = this.#held;
    const delimiter = this.#delimiter;
    let quoted = this.#quoted;
    let cellStart = this.#cellStart;
    for (let at = this.#scanned; at < held.length; at++) {
      const byte = held[at];
      if (quoted) {
        if (byte === quote) {
          // A second one behind it opens again: it was a quote in the text.
          quoted = false;
          cellStart = true;
        } else if (byte === lineFeed) this.#lines++;
      } else if (byte === lineFeed) {
        this.#quoted = false;
        this.#cellStart = true;
        return at;
      } else if (byte === quote && cellStart) {
        quoted = true;
        cellStart = false;
      } else cellStart = byte === delimiter;
    }
    this.#quoted = quoted;
    this.#cellStart = cellStart;
    return -1;
  }

  #emit(records: FileRecord[], end: number): void {
    const line = this.#recordLine;
    const isCut = end > this.#start && this.#held[end - 1] === carriageReturn;
    let bytes = this.#held.subarray(this.#start, isCut ? end - 1 : end);
    const length = this.#passedOver + end + 1 - this.#start;
    if (this.#bytes === 0 && bytes.subarray(0, 3).equals(byteOrderMark)) bytes = bytes.subarray(3);
    this.#bytes += length;
    this.#lines++;
    this.#recordLine = this.#lines + 1;
    this.#start = this.#scanned = end + 1;
    const skipped = this.#skipped;
    this.#skipped = undefined;
    this.#passedOver = 0;
    if (skipped !== undefined || bytes.length > this.#maxBytes) {
      const problem = `must not be longer than ${this.#maxBytes} bytes`;
      records.push({ bytes: skipped ?? bytes.subarray(0, shownBytes), line, problem });
    } else if (!isBlank(bytes)) records.push({ bytes, line });
  }

  /** The first line of a record whose quote is never closed is a bad record; reading goes on behind it. */
  #giveUpQuote(records: FileRecord[]): void {
    const end = this.#held.indexOf(lineFeed, this.#start);
    const bytes = this.#held.subarray(this.#start, end);
    const problem = 'has a quote that is not closed';
    records.push({ bytes: bytes.subarray(0, shownBytes), line: this.#recordLine, problem });
    this.#bytes += end + 1 - this.#start;
    this.#start = this.#scanned = end + 1;
    this.#lines = this.#recordLine;
    this.#recordLine = this.#lines + 1;
    this.#quoted = false;
    this.#cellStart = true;
  }
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== carriageReturn) return false;
  return true;
}
