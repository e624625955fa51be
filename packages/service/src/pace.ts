// Pace: long work in short pieces, so that other requests are served between them.

/** How long all such work may hold the event loop in one turn of it, in milliseconds. */
const pieceMs = 8;

/** When the first work of this turn of the event loop began. */
let began: number | undefined;
let scheduled = false;
/** Work that rests; one goes on in each turn. */
const resting: (() => void)[] = [];

function endTurn(): void {
  scheduled = false;
  began = undefined;
  resting.shift()?.();
  if (resting.length > 0) schedule();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(endTurn);
}

/**
 * The pace of all long work of the process.
 * @example for (const one of many) { work(one); if (pace.due) await pace.rest(); }
 */
export const pace = {
  /** Whether this turn of the event loop has been used up, by whichever work. */
  get due(): boolean {
    const now = performance.now();
    began ??= now;
    schedule();
    return now - began > pieceMs;
  },

  /** Resolves in a later turn, when everything else has been served, and other work that rests before. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      resting.push(resolve);
      schedule();
    });
  },
};
