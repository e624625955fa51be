// The hub: one change stream for all who follow the logs, opened with the first of them and closed some time
// after the last.
import { pace } from '@activity/service';
import type { Logger } from '@activity/service';
import type {
  ChangeStream,
  ChangeStreamDeleteDocument,
  ChangeStreamInsertDocument,
  Collection,
} from 'mongodb';
import type { LogDocument } from '../logs/log-json.ts';

/** A log that was stored, and where in the change stream that was. */
export interface StoredLog {
  /** Tokens of one MongoDB are in the order of what they stand for, as texts. */
  token: string;
  log: LogDocument;
}

/** Who is told of logs. */
export interface Subscriber {
  onLog: (stored: StoredLog) => void;
  /** A log was deleted or erased: it must not be handed out any more. */
  onDeleted: (id: number) => void;
  /** The hub cannot go on: whoever wants to, comes back with the last token that was seen. */
  onEnd: () => void;
}

/** One subscription. */
export interface Subscription {
  /** Everything stored after this is told of; grows. */
  readonly position: () => string;
  stop: () => void;
}

/** What a hub needs. */
export interface HubOptions {
  logs: Collection<LogDocument>;
  logger: Logger;
  /** How long the change stream stays open when nobody waits, in milliseconds. */
  lingerMs: number;
  /** Fails a wait for a MongoDB which is silent. */
  guard?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
}

/** Only what is new and no marker: what the sink writes again, as it may, is no insert. */
export const storedLogs = [
  { $match: { operationType: 'insert', 'fullDocument.timestamp': { $exists: true } } },
];

/** The same, and what is deleted: by the eraser, or by a marker that replaces the log. */
const storedOrDeleted = [
  {
    $match: {
      $or: [
        storedLogs[0]?.$match ?? {},
        { operationType: 'delete' },
        { operationType: 'replace', 'fullDocument.deletedAt': { $exists: true } },
      ],
    },
  },
];

type Change = ChangeStreamInsertDocument<LogDocument> | ChangeStreamDeleteDocument<LogDocument>;
type Stream = ChangeStream<LogDocument, Change>;

/**
 * ```
 *  closed ──first subscriber──▶ opening ──first answer──▶ open ──nobody for a while, error, close()──▶ closed
 * ```
 */
export class TailHub {
  readonly #options: HubOptions;
  readonly #subscribers = new Set<Subscriber>();
  #open: Promise<Stream> | undefined;
  #position = '';
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Subscribes. Resolves when the change stream is open: what is stored from then on is told of. */
  async subscribe(subscriber: Subscriber): Promise<Subscription> {
    clearTimeout(this.#idle);
    this.#subscribers.add(subscriber);
    try {
      await (this.#open ??= this.#start());
    } catch (error) {
      this.#subscribers.delete(subscriber);
      throw error;
    }
    return {
      position: () => this.#position,
      stop: () => {
        if (this.#subscribers.delete(subscriber)) this.#closeWhenIdle();
      },
    };
  }

  /** Ends all subscriptions. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    const open = this.#open;
    this.#end();
    const stream = await open?.catch(() => undefined);
    await stream?.close();
  }

  async #start(): Promise<Stream> {
    const stream: Stream = this.#options.logs.watch(storedOrDeleted, {
      maxAwaitTimeMS: 1_000,
      batchSize: 1_000,
    });
    stream.on('resumeTokenChanged', (token) => (this.#position = (token as { _data: string })._data));
    try {
      const { guard = async (work) => work() } = this.#options;
      const first = await guard(async () => stream.tryNext());
      if (this.#closed) throw new Error('the hub is closed');
      // Of a time before anyone was told that the hub is open.
      if (first !== null) this.#tell(first);
    } catch (error) {
      this.#open = undefined;
      // Not awaited: a server that is silent is told nothing.
      void stream.close().catch(() => {});
      throw error;
    }
    void this.#follow(stream);
    return stream;
  }

  async #follow(stream: Stream): Promise<void> {
    try {
      // MongoDB sends up to 16 MB of changes at a time.
      for await (const change of stream) {
        this.#tell(change);
        if (pace.due) await pace.rest();
      }
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      if (!stream.closed) this.#options.logger.warn({ error: name }, 'following the stored logs');
    } finally {
      await stream.close().catch(() => {});
      this.#end();
    }
  }

  #tell(change: Change): void {
    const token = (change._id as { _data: string })._data;
    this.#position = token;
    const stored = change.operationType === 'insert' ? { token, log: change.fullDocument } : undefined;
    // A rebuild has stored it again after it had expired: readers do not get it.
    if (stored?.log.expiresAt !== undefined && stored.log.expiresAt.getTime() <= Date.now()) return;
    for (const subscriber of this.#subscribers) {
      if (stored !== undefined) subscriber.onLog(stored);
      else subscriber.onDeleted(change.documentKey._id);
    }
  }

  #end(): void {
    this.#open = undefined;
    const ended = [...this.#subscribers];
    this.#subscribers.clear();
    for (const subscriber of ended) subscriber.onEnd();
  }

  #closeWhenIdle(): void {
    if (this.#subscribers.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const open = this.#open;
      if (this.#subscribers.size > 0 || open === undefined) return;
      this.#open = undefined;
      void open.then((stream) => stream.close()).catch(() => {});
    }, this.#options.lingerMs);
    this.#idle.unref();
  }
}
