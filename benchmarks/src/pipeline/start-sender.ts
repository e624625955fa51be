// Starts the sender's process.
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startChild } from '../shared/child.ts';
import type { SendOptions, Sent } from './sender.ts';

/** A sender whose requests are made. */
export interface Sender {
  /** Sends everything; resolves with the last answer. */
  send(): Promise<Sent>;
  /** Ends it, if it has not ended. */
  stop(): void;
}

/** Resolves when the sender is ready. */
export async function startSender(options: SendOptions): Promise<Sender> {
  const child = startChild(join(import.meta.dirname, 'sender.ts'), [JSON.stringify(options)]);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const closed = once(reader, 'close');
  await Promise.race([once(reader, 'line'), closed]);
  return {
    async send() {
      child.stdin.write('\n');
      await closed;
      const last = lines.at(-1);
      if (last === undefined || !last.startsWith('{')) throw new Error('the sender ended before it was done');
      return JSON.parse(last) as Sent;
    },
    stop() {
      child.kill('SIGKILL');
    },
  };
}
