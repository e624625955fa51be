// Notes what changes in the file of keys, which people and other programs change, not the edge.
import { auditKindOf, auditRecord } from '@activity/contracts';
import { partitionOf, type TopicReader } from '@activity/kafka';
import { reasonOf, untilDone, type KeyEntry, type Logger } from '@activity/service';
import { jsonOf } from '../json-values.ts';
import type { AuditWriter } from './audit-writer.ts';
import { missingLines, takeIn, type KnownKeys } from './key-changes.ts';

/** What it needs. */
export interface KeyAuditOptions {
  /** The audit topic. */
  topic: string;
  reader: Pick<TopicReader, 'offsets' | 'read'>;
  audit: Pick<AuditWriter, 'write'>;
  logger: Logger;
  now: () => number;
  /**
   * How long a change that takes back what the audit knows must be seen when the edge has just started, in
   * milliseconds: an instance may start with a copy of the file from before. Default 60,000.
   */
  settleMs?: number;
}

/**
 * Compares the keys of the file with the lines of the audit topic, when the edge starts and each time the
 * file is read again, and writes the lines that are missing. The topic is all that it remembers: a change
 * that was made while no edge ran is found too, and what another edge has noted is not noted again. Keys
 * count at once, also while no broker answers: the lines follow.
 */
export class KeyAudit {
  readonly #options: KeyAuditOptions;
  readonly #known: KnownKeys = new Map();
  readonly #end = new AbortController();
  #position = 0;
  #entries: readonly KeyEntry[] | undefined;
  #running: Promise<void> | undefined;
  #seen = 0;
  #settling: NodeJS.Timeout | undefined;

  constructor(options: KeyAuditOptions) {
    this.#options = options;
  }

  /** Takes in the keys as they are in the file now. Returns at once. */
  look(entries: readonly KeyEntry[]): void {
    this.#seen++;
    this.#note(entries);
  }

  /** Ends, also what is being tried. Idempotent. */
  async close(): Promise<void> {
    this.#end.abort();
    clearTimeout(this.#settling);
    await this.#running;
  }

  #note(entries: readonly KeyEntry[]): void {
    if (this.#end.signal.aborted) return;
    this.#entries = entries;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = this.#end;
    while (this.#entries !== undefined) {
      await untilDone(async () => this.#compare(), {
        signal,
        onFailure: (error, attempt) => {
          if (attempt % 20 === 0)
            logger.warn({ reason: reasonOf(error) }, 'noting changes of the keys failed: trying again');
        },
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        this.#entries = undefined;
      });
    }
  }

  async #compare(): Promise<void> {
    const { audit, now, settleMs = 60_000 } = this.#options;
    await this.#readOn();
    const entries = this.#entries ?? [];
    const justStarted = this.#seen === 1 && this.#settling === undefined;
    const missing = missingLines(this.#known, entries, now());
    for (const { line, takesBack } of missing) {
      if (!(takesBack && justStarted)) await audit.write(line);
    }
    if (justStarted && missing.some(({ takesBack }) => takesBack)) {
      this.#settling = setTimeout(() => this.#note(entries), settleMs).unref();
    }
    // The file may have been read again meanwhile.
    if (this.#entries === entries) this.#entries = undefined;
  }

  /** Reads the lines of keys that have come since. */
  async #readOn(): Promise<void> {
    const { topic, reader } = this.#options;
    const starts = await reader.offsets(topic, 'earliest');
    if (starts.length === 0) throw new Error(`the topic ${topic} does not exist: make the topics`);
    const own = partitionOf(auditKindOf('key.created'), starts.length);
    const from = starts.map((start, partition) =>
      partition === own ? Math.max(start, this.#position) : Number.MAX_SAFE_INTEGER,
    );
    for await (const { offset, value } of reader.read(topic, from)) {
      this.#position = offset + 1;
      const line = auditRecord.safeParse(value && jsonOf(value.toString('utf8')));
      if (line.success) takeIn(this.#known, line.data);
    }
  }
}
