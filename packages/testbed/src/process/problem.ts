// A problem the user can do something about: one line that names the thing and the remedy.

/** Thrown where starting cannot go on; `detail` is quoted below the message (mostly a log's tail). */
export class Problem extends Error {
  override name = 'Problem';
  readonly detail: string | undefined;

  constructor(message: string, options: { detail?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.detail = options.detail;
  }
}

/** The words of anything thrown, on one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split('\n')[0] ?? '';
}
