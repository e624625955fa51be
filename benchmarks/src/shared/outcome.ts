// How a benchmark ends: a last line of JSON, and exit code 1 where a target is missed or a result is wrong.

/** What was wanted of one figure, and what it is. */
export interface Target {
  want: number;
  got: number;
  met: boolean;
}

/** What a benchmark has found. */
export interface Outcome {
  bench: string;
  figures: Record<string, unknown>;
  ratios: Record<string, number>;
  targets: Record<string, Target>;
  /** What is wrong or missing in the results, one line each. */
  wrong: readonly string[];
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A target that larger figures meet. A figure that is not there misses it. */
export function atLeast(want: number, got: number): Target {
  return { want, got: rounded(got), met: got >= want };
}

/** A target that smaller figures meet. A figure that is not there misses it. */
export function atMost(want: number, got: number): Target {
  return { want, got: rounded(got), met: got <= want };
}

/** Prints what is wrong and which targets are missed, then the line of JSON; returns the exit code. */
export function conclude({ bench, figures, ratios, targets, wrong }: Outcome): number {
  for (const line of wrong) console.log(`WRONG: ${line}`);
  const missed = Object.entries(targets).filter(([, { met }]) => !met);
  for (const [name, { want, got }] of missed) console.log(`TARGET MISSED: ${name}: want ${want}, got ${got}`);
  console.log(JSON.stringify({ bench, figures, ratios, targets, ...(wrong.length > 0 && { wrong }) }));
  return wrong.length > 0 || missed.length > 0 ? 1 : 0;
}
