// How an import gets on: one line on a terminal, lines of the log elsewhere.
import type { Logger } from '@activity/service';
import type { Progress } from './import-file.ts';
import type { Input } from './open-input.ts';

/** Where progress is shown. */
export interface ProgressOptions {
  input: Pick<Input, 'name' | 'size' | 'read'>;
  from: Progress;
  /** A terminal, or what takes lines. */
  terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>;
  logger: Logger;
  /** Milliseconds of a clock that does not jump. */
  now: () => number;
}

/** Every so often a line is logged where there is no terminal, in milliseconds. */
const logEveryMs = 10_000;
const number = new Intl.NumberFormat('en');

/** Shows how an import gets on. */
export interface ProgressLine {
  show: (progress: Progress) => void;
  /** Lines in a second since the import began or went on. */
  rate: (progress: Progress) => number;
  /** Ends the line of the terminal. */
  end: () => void;
}

/** Makes what shows progress. */
export function progressLine({ input, from, terminal, logger, now }: ProgressOptions): ProgressLine {
  const began = now();
  let loggedAt = began;
  let last = { at: began, lines: from.lines };
  let isShown = false;

  function rate({ lines }: Progress): number {
    return Math.round(((lines - from.lines) * 1_000) / Math.max(1, now() - began));
  }

  function percent(): number | undefined {
    return input.size === undefined ? undefined : Math.floor((input.read() * 100) / Math.max(1, input.size));
  }

  return {
    rate,
    show(progress) {
      const at = now();
      if (terminal.isTTY) {
        const perSecond = Math.round(((progress.lines - last.lines) * 1_000) / Math.max(1, at - last.at));
        const done = percent();
        const parts = [
          `${number.format(progress.lines)} lines`,
          `${number.format(perSecond)}/s`,
          ...(done === undefined ? [] : [`${done} % read`]),
          ...(progress.rejected === 0 ? [] : [`${number.format(progress.rejected)} rejected`]),
        ];
        terminal.write(`\r\u001B[K${input.name}: ${parts.join(', ')}`);
        isShown = true;
        last = { at, lines: progress.lines };
      } else if (at - loggedAt >= logEveryMs) {
        const { lines, stored, rejected } = progress;
        logger.info(
          { file: input.name, lines, stored, rejected, perSecond: rate(progress), percentRead: percent() },
          'importing',
        );
        loggedAt = at;
      }
    },
    end() {
      if (isShown) terminal.write('\n');
    },
  };
}
