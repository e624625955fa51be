// The import of one file: reads, checks and writes its lines, and keeps its position.
import { publish, type Publisher, type Write } from '../publish.ts';
import type { EventRules } from '../parse-event.ts';
import { Acknowledged } from './acknowledged.ts';
import type { Format } from './formats.ts';
import type { Input } from './open-input.ts';
import { createReader, type ReadEvent } from './read-records.ts';
import type { RejectsFile } from './rejects-file.ts';
import { RecordSplitter, type FileRecord, type Position } from './split-records.ts';
import type { ImportState } from './state-file.ts';

/** What is written to, and how much waits there. */
export interface Target {
  write: Write;
  /** The memory that what waits takes, in bytes. */
  waitingBytes: () => number;
  /** Why writes fail, where they have failed for a while. */
  failing: () => string | undefined;
}

/** How far an import has come. */
export type Progress = Pick<ImportState, 'bytes' | 'lines' | 'stored' | 'rejected' | 'rejectBytes'>;

/** What an import needs. */
export interface ImportOptions {
  input: Input;
  format: Format;
  /** Where it goes on. */
  from: Progress;
  rejects: RejectsFile;
  target: Target;
  rules: EventRules;
  /** The largest event, in bytes of its JSON. */
  maxEventBytes: number;
  /** Keeps the progress: called twice a second, one call at a time, and at the end. */
  save: (progress: Progress) => Promise<void>;
  /** Called twice a second. */
  report: (progress: Progress) => void;
  /** Aborted to stop: what was sent is waited for, and the position kept. */
  signal: AbortSignal;
  /** How long the broker may acknowledge nothing, in milliseconds. */
  patienceMs: number;
}

/** How an import ended. */
export interface Imported extends Progress {
  /** Nothing is left. */
  complete: boolean;
  /** Nothing of what was sent is still on its way. */
  idle: boolean;
  /** Why it is not complete, where it was not stopped. */
  failure: Error | undefined;
}

/** The longest line, in bytes. */
const maxLineBytes = 1_048_576;
/** How much may wait for the broker before reading rests, and until when, in bytes. */
const mostWaiting = 25_165_824;
const fewWaiting = 16_777_216;
/** How long the broker has to acknowledge what was sent, once there is nothing to go on with. */
const lastWaitMs = 10_000;
/** The rejects that may wait to be written, in characters. */
const mostRejects = 4_194_304;
const tickMs = 500;
/** What the reason says where a right is missing: see `needing`. */
const missingRight = 'grant the principal';

const noMetrics: Publisher['metrics'] = { accepted() {}, refused() {}, violated() {} };

/**
 * Imports a file from its position on. The lines of a user keep their order. A line counts when the broker
 * has acknowledged it or it is among the rejects; the position that is saved never passes a line that does
 * not count. Never throws: it returns why it failed.
 */
export async function importFile(options: ImportOptions): Promise<Imported> {
  const { input, format, from, rejects, target, signal, save, report } = options;
  const at: Progress = { ...from };
  const reader = createReader({
    format,
    name: input.name,
    rules: options.rules,
    headerFirst: format.columns !== undefined && from.bytes === 0,
  });
  const publisher: Publisher = {
    write: target.write,
    newId: () => '',
    metrics: noMetrics,
    maxEventBytes: options.maxEventBytes,
    rules: options.rules,
  };
  const acknowledged = new Acknowledged(({ end, stored, rejects: some }) => {
    at.bytes = end.bytes;
    at.lines = end.lines;
    at.stored += stored;
    at.rejected += some.length;
    for (const reject of some) rejects.add(reject);
    at.rejectBytes = rejects.length;
  });
  const doing: { failure: Error | undefined } = { failure: undefined };
  let heardAt = performance.now();
  let wake = (): void => {};

  function send(records: readonly FileRecord[], end: Position): void {
    const now = Date.now();
    const block = acknowledged.begin(end);
    for (const read of reader(records, now)) {
      if (read.event === undefined) {
        block.reject(rejectOf(read, read.reason));
        continue;
      }
      block.written();
      publish(read.event, now, [], publisher, (problem) => {
        heardAt = performance.now();
        if (problem === undefined) block.acknowledged();
        else if (problem.kind === 'too-large') block.refused(rejectOf(read, problem.message));
        // It does not count: the position stays before it.
        else fail('message' in problem ? problem.message : problem.kind);
        if (target.waitingBytes() <= fewWaiting) wake();
      });
    }
    block.close();
  }

  function fail(error: unknown): void {
    doing.failure ??= error instanceof Error ? error : new Error(String(error));
    wake();
  }

  /** Resolves when it is so, or when nothing more is to be done. */
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo() && doing.failure === undefined) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  let saving = Promise.resolve();
  async function keep(): Promise<void> {
    saving = saving.then(async () => {
      const progress = { ...at };
      await rejects.flush();
      await save(progress);
    });
    return saving;
  }

  function tick(): void {
    report({ ...at });
    const silentMs = performance.now() - heardAt;
    if (acknowledged.idle) heardAt = performance.now();
    else {
      const reason = target.failing();
      // Trying again gives nobody a right.
      if (reason?.includes(missingRight) === true) fail(reason);
      else if (silentMs > options.patienceMs) {
        const silence = `the broker has acknowledged nothing for ${Math.round(silentMs / 1_000)} s`;
        fail(reason === undefined ? silence : `${silence}: ${reason}`);
      }
    }
    keep().catch(fail);
    wake();
  }

  const stop = (): void => {
    // Standard input may be silent for long.
    input.close();
    wake();
  };
  signal.addEventListener('abort', stop);
  const timer = setInterval(tick, tickMs);
  const splitter = new RecordSplitter({ delimiter: format.delimiter, maxBytes: maxLineBytes, from });
  let complete = false;
  try {
    for await (const chunk of input.chunks(from.bytes)) {
      if (signal.aborted || doing.failure !== undefined) break;
      send(splitter.push(chunk), splitter.position);
      if (target.waitingBytes() > mostWaiting)
        await until(() => signal.aborted || target.waitingBytes() <= fewWaiting);
      if (rejects.waiting > mostRejects) await keep();
    }
    complete = !signal.aborted && doing.failure === undefined;
    if (complete) send(splitter.end(), splitter.position);
  } catch (error) {
    complete = false;
    if (!signal.aborted) fail(error);
  }
  // What was sent counts, whatever else has failed.
  const { failure } = doing;
  doing.failure = undefined;
  const limit = failure !== undefined || signal.aborted ? AbortSignal.timeout(lastWaitMs) : undefined;
  limit?.addEventListener('abort', () => wake());
  await until(() => acknowledged.idle || limit?.aborted === true);
  clearInterval(timer);
  signal.removeEventListener('abort', stop);
  await keep().catch(fail);
  report({ ...at });
  const { idle } = acknowledged;
  return { ...at, complete: complete && idle, idle, failure: failure ?? doing.failure };
}

/** The bytes are copied: they would keep the whole chunk that they are part of. */
function rejectOf({ record }: ReadEvent, reason: string): { line: number; reason: string; bytes: Buffer } {
  return { line: record.line, reason, bytes: Buffer.from(record.bytes) };
}
