// The live tail: what is stored, as Server-Sent Events, from where a reader has been.
import { setTimeout as sleep } from 'node:timers/promises';
import { pace } from '@activity/service';
import type { Logger } from '@activity/service';
import type { Collection } from 'mongodb';
import { logJson } from '../logs/log-json.ts';
import type { LogDocument } from '../logs/log-json.ts';
import { catchUp } from './catch-up.ts';
import type { StoredLog, TailHub } from './hub.ts';
import { TailReader } from './reader.ts';

/** What a tail is made of. */
export interface TailOptions {
  hub: TailHub;
  logs: Collection<LogDocument>;
  logger: Logger;
  onDropped: (reason: 'slow' | 'source') => void;
  /** How often a reader is told where it is, so that it can come back there, in milliseconds. */
  heartbeatMs?: number;
  /** How long a reader that is too slow is given to take its last message, in milliseconds. */
  graceMs?: number;
  maxWaiting?: number;
}

/** Opens tails. */
export interface Tails {
  /** How many readers there are. */
  readonly open: () => number;
  /**
   * Begins a tail. `after` is the last id that the reader has seen. `cut` ends the connection of a reader
   * that takes nothing.
   * @throws MongoServerError where `after` is no place of the change stream, or one that is gone.
   */
  begin: (
    wanted: (log: LogDocument) => boolean,
    after: string | undefined,
    cut: () => void,
  ) => Promise<ReadableStream<Uint8Array>>;
}

const retryMs = 1_000;
/** A reader that catches up and takes nothing for so long is let go, in milliseconds. */
const stuckMs = 30_000;

/** Makes what opens tails. */
export function createTails(options: TailOptions): Tails {
  const { hub, logs, logger, onDropped } = options;
  const { heartbeatMs = 15_000, graceMs = 10_000, maxWaiting = 4_000_000 } = options;
  let open = 0;

  async function begin(
    wanted: (log: LogDocument) => boolean,
    after: string | undefined,
    cut: () => void,
  ): Promise<ReadableStream<Uint8Array>> {
    let stop = (): void => {};
    let last = after ?? '';
    /** What comes live while the reader catches up. */
    let held: Map<number, StoredLog> | undefined = new Map();
    /** What was deleted while the reader catches up. */
    const deleted = new Set<number>();

    const reader = new TailReader({
      maxWaiting,
      onSlow: () => {
        onDropped('slow');
        stop();
        setTimeout(cut, graceMs).unref();
      },
      onGone: () => stop(),
    });

    function send(stored: StoredLog): void {
      const { token, log } = stored;
      if (token <= last) return;
      last = token;
      if (wanted(log) && !deleted.has(log._id)) reader.send(eventOf(stored), log._id);
    }

    function onLog(stored: StoredLog): void {
      if (held === undefined) return send(stored);
      if (!wanted(stored.log)) return;
      held.set(stored.log._id, stored);
      // As much as may wait: who is that far behind comes back later.
      if (held.size > 20_000) reader.end();
    }

    function onDeleted(id: number): void {
      reader.takeBack(id);
      if (held === undefined) return;
      held.delete(id);
      deleted.add(id);
      if (deleted.size > 100_000) reader.end();
    }

    function onEnd(): void {
      onDropped('source');
      reader.end();
    }

    const subscription = await hub.subscribe({ onLog, onDeleted, onEnd });
    const position = subscription.position();
    const heartbeat = setInterval(() => {
      if (held === undefined && reader.waiting === 0) reader.send(`id: ${subscription.position()}\n\n`);
    }, heartbeatMs);
    open++;
    stop = once(() => {
      open--;
      clearInterval(heartbeat);
      subscription.stop();
    });

    async function live(): Promise<void> {
      // What comes or is deleted during a rest is held, or no longer held.
      for (const [id, stored] of held ?? []) {
        held?.delete(id);
        send(stored);
        if (pace.due) await pace.rest();
      }
      held = undefined;
      deleted.clear();
    }

    // An id at once: a reader that is cut off before the first event comes back to here.
    reader.send(`retry: ${retryMs}\nid: ${after ?? position}\n\n`);
    if (after === undefined) await live();
    else {
      const missed = catchUp(logs, after, position);
      try {
        // The first answer shows whether there is such a place, also where nothing was missed.
        const first = await missed.next();
        if (!first.done) send(first.value);
        void follow(missed, reader, send)
          .then(live)
          .catch((error: unknown) => {
            logger.warn({ error: error instanceof Error ? error.name : '' }, 'catching up');
            reader.end();
          });
      } catch (error) {
        stop();
        throw error;
      }
    }
    return reader.stream;
  }

  return { open: () => open, begin };
}

/** Sends what was missed, no faster than the reader takes it. */
async function follow(
  missed: AsyncGenerator<StoredLog>,
  reader: TailReader,
  send: (stored: StoredLog) => void,
): Promise<void> {
  for await (const stored of missed) {
    if (reader.ended) return;
    send(stored);
    if (pace.due) await pace.rest();
    const since = performance.now();
    while (reader.waiting > 500_000 && !reader.ended) {
      await sleep(20);
      if (performance.now() - since > stuckMs) reader.drop();
    }
  }
}

const events = new WeakMap<StoredLog, string>();

/** The event of a log: one text for all readers that it waits for. */
function eventOf(stored: StoredLog): string {
  const known = events.get(stored);
  if (known !== undefined) return known;
  const event = `id: ${stored.token}\nevent: log\ndata: ${JSON.stringify(logJson(stored.log))}\n\n`;
  events.set(stored, event);
  return event;
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}
