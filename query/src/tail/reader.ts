// One reader of the tail: events that wait to be sent, as far as they may.
import { pace } from '@activity/service';

/** What becomes of a reader. */
export interface ReaderOptions {
  /** The most bytes that may wait for the reader. */
  maxWaiting: number;
  /** Told when too much waits; the stream then says so and ends. */
  onSlow: () => void;
  /** Told when the reader is gone, or the stream has ended. */
  onGone: () => void;
}

/** A chunk of the stream ends with the text that takes it over this many characters. */
const chunkLength = 16_384;

/** A reader's stream, and what is written to it. */
export class TailReader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #options: ReaderOptions;
  /** By the number of the log; what is no log has a number below 0. */
  readonly #waiting = new Map<number, string>();
  #others = 0;
  #bytes = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    const encoder = new TextEncoder();
    this.stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (this.#waiting.size === 0 && !this.#ended) {
            await new Promise<void>((resolve) => (this.#wake = resolve));
            // One log wakes all readers, each of whom gets a copy.
            if (pace.due) await pace.rest();
          }
          let text = '';
          for (const [id, one] of this.#waiting) {
            // What is handed over is a copy for this reader alone, however long it is not taken.
            if (text.length >= chunkLength) break;
            text += one;
            this.#waiting.delete(id);
          }
          this.#bytes = Math.max(0, this.#bytes - text.length);
          if (text !== '') controller.enqueue(encoder.encode(text));
          if (this.#ended && this.#waiting.size === 0) {
            controller.close();
            this.#options.onGone();
          }
        },
        cancel: () => {
          this.#ended = true;
          this.#waiting.clear();
          this.#options.onGone();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Whether nothing more is sent. */
  get ended(): boolean {
    return this.#ended;
  }

  /** How much waits to be sent, in bytes or fewer. */
  get waiting(): number {
    return this.#bytes;
  }

  /**
   * Sends a text after those that wait; `id` where it is a log. Where too much waits, they are dropped, and
   * the reader is told to come back.
   */
  send(text: string, id: number = --this.#others): void {
    if (this.#ended) return;
    this.#bytes += text.length;
    if (this.#bytes > this.#options.maxWaiting) return this.drop();
    this.#waiting.set(id, text);
    this.#wake?.();
  }

  /** Takes back a log that waits to be sent: it was deleted. */
  takeBack(id: number): void {
    const text = this.#waiting.get(id);
    if (text === undefined || this.#ended) return;
    this.#waiting.delete(id);
    this.#bytes -= text.length;
  }

  /** Lets a slow reader go: it is told so instead of what waits. */
  drop(): void {
    if (this.#ended) return;
    this.#waiting.clear();
    this.#bytes = 0;
    this.#waiting.set(
      0,
      'event: slow\ndata: {"error":"you read too slowly: come back with the last id"}\n\n',
    );
    this.#ended = true;
    this.#options.onSlow();
    this.#wake?.();
  }

  /** Ends the stream when what waits is sent. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }
}
