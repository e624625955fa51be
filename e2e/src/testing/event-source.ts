// A reader of Server-Sent Events that comes back by itself with the last id, as browsers do.
import { setTimeout as sleep } from 'node:timers/promises';

/** One event. */
export interface SentEvent {
  id: string;
  event: string;
  data: string;
}

/** A reader that runs. */
export interface EventReader {
  readonly events: SentEvent[];
  /** How often it has connected. */
  readonly connections: () => number;
  readonly lastId: () => string;
  stop: () => Promise<void>;
}

/** Reads until it is stopped, whatever happens to the service. */
export function readEvents(url: string, firstId = ''): EventReader {
  const abort = new AbortController();
  const events: SentEvent[] = [];
  let lastId = firstId;
  let connections = 0;

  function take(block: string): void {
    const fields = new Map(
      block.split('\n').map((line): [string, string] => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon), line.slice(colon + 2)];
      }),
    );
    lastId = fields.get('id') ?? lastId;
    const data = fields.get('data');
    if (data !== undefined) events.push({ id: lastId, event: fields.get('event') ?? 'message', data });
  }

  async function connect(): Promise<void> {
    const headers = lastId === '' ? {} : { 'last-event-id': lastId };
    const response = await fetch(url, { headers, signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`${response.status}`);
    connections++;
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) take(block);
    }
  }

  async function run(): Promise<void> {
    while (!abort.signal.aborted) {
      await connect().catch(() => {});
      await sleep(50);
    }
  }

  const running = run();
  return {
    events,
    connections: () => connections,
    lastId: () => lastId,
    async stop() {
      abort.abort();
      await running;
    },
  };
}
