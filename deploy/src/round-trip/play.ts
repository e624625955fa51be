// Does what a page shows: each command in turn, until its answer is like the one on the page.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { differences, type ConsoleLine } from './console-lines.ts';

/** How commands are run. */
export interface PlayOptions {
  /** Runs a command and returns what it prints. */
  run: (command: string) => Promise<string>;
  /** How long what only reads may be asked again, in milliseconds: the event is on its way. */
  withinMs?: number;
  /** The ids on the page and those that were got instead, of what was played before; it is added to. */
  ids?: Map<string, string>;
}

const withId = z.object({ eventId: z.string() });

/**
 * Runs commands in turn, and returns what they printed. The event id that an answer shows stands for the one
 * that was got instead, in everything after it.
 *
 * @throws Error that says where an answer is another than the page's.
 */
export async function play(lines: readonly ConsoleLine[], options: PlayOptions): Promise<string[]> {
  const got: string[] = [];
  const { ids = new Map<string, string>() } = options;
  for (const line of lines) {
    const command = withIds(line.command, ids);
    const answer = withIds(line.answer, ids);
    const output = await untilAlike({ command, answer }, options);
    const shownId = withId.safeParse(JSON.parse(answer)).data?.eventId;
    const id = withId.safeParse(JSON.parse(output)).data?.eventId;
    if (shownId !== undefined && id !== undefined) ids.set(shownId, id);
    got.push(output);
  }
  return got;
}

function withIds(text: string, ids: ReadonlyMap<string, string>): string {
  return [...ids].reduce((changed, [shown, id]) => changed.replaceAll(shown, id), text);
}

async function untilAlike({ command, answer }: ConsoleLine, options: PlayOptions): Promise<string> {
  const deadline = Date.now() + (options.withinMs ?? 30_000);
  const reads = !/ -d | -X DELETE /.test(command);
  for (;;) {
    const output = await options.run(command);
    const found = differences(JSON.parse(answer), JSON.parse(output));
    if (found.length === 0) return output;
    if (!reads || Date.now() > deadline)
      throw new Error(`the page shows another answer to\n${command}\n${output}\n${found.join('\n')}`);
    await sleep(200);
  }
}
