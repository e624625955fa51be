// Load that is bounded in count and in what runs at one time.

/** Runs something `times` times, `atOnce` at one time. */
export async function repeat(
  times: number,
  atOnce: number,
  run: (index: number) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < times; at += atOnce)
    await Promise.all(
      Array.from({ length: Math.min(atOnce, times - at) }, async (_, index) => run(at + index)),
    );
}
