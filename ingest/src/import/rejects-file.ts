// The file of rejects: a line for each line that was refused, with its number, the reason and its text.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open, rm, truncate, type FileHandle } from 'node:fs/promises';
import { fieldsOf, jsonOf } from '../json-values.ts';

/** A line that was refused. */
export interface Reject {
  line: number;
  reason: string;
  bytes: Buffer;
}

/**
 * Why an import that begins at the first line must not write its rejects there; undefined where it may. What
 * is there would be lost: rejects of another import, which `again` gives up, or another file.
 */
export async function rejectsProblem(file: string, again: boolean): Promise<string | undefined> {
  const line = await firstLineOf(file);
  if (line === undefined) return undefined;
  const first = fieldsOf(jsonOf(line));
  if (first === undefined || !('line' in first && 'reason' in first))
    return `${file} is no file of rejects: name another one by --rejects`;
  if (again) return undefined;
  return `${file} has the rejects of an earlier import: move it away, or name another file by --rejects`;
}

/** The first line of a file; '' where no line ends; undefined where there is no file, or nothing in it. */
async function firstLineOf(file: string): Promise<string | undefined> {
  let text = '';
  try {
    for await (const piece of createReadStream(file, 'utf8') as AsyncIterable<string>) {
      const end = piece.indexOf('\n');
      if (end >= 0) return text + piece.slice(0, end);
      text += piece;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return text === '' ? undefined : '';
}

/**
 * Writes rejects. The file is made with the first of them, readable by its owner alone: it holds what users
 * did.
 */
export class RejectsFile {
  readonly #file: string;
  #handle: FileHandle | undefined;
  #length: number;
  #waiting = '';

  private constructor(file: string, length: number) {
    this.#file = file;
    this.#length = length;
  }

  /** `length`: how much of what is there counts, in bytes; what is behind was written before a kill. */
  static async open(file: string, length: number): Promise<RejectsFile> {
    if (length === 0) await rm(file, { force: true });
    else await truncate(file, length);
    return new RejectsFile(file, length);
  }

  /** How long the file is with what waits, in bytes. */
  get length(): number {
    return this.#length;
  }

  /** Rejects that are not written yet, in characters. */
  get waiting(): number {
    return this.#waiting.length;
  }

  add({ line, reason, bytes }: Reject): void {
    const content = isUtf8(bytes) ? { text: bytes.toString('utf8') } : { base64: bytes.toString('base64') };
    const entry = `${JSON.stringify({ line, reason, ...content })}\n`;
    this.#waiting += entry;
    this.#length += Buffer.byteLength(entry);
  }

  /** Writes what waits. It is on disk when this resolves. */
  async flush(): Promise<void> {
    if (this.#waiting === '') return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#handle ??= await open(this.#file, 'a', 0o600);
    await this.#handle.appendFile(bytes);
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}
