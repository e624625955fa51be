// Python, for what only its package index has.
import { Problem } from '../process/problem.ts';
import { run } from '../process/run.ts';
import type { FetchContext } from './context.ts';

/**
 * Runs python3 with these arguments to its end.
 *
 * @throws Problem where there is no Python or no pip, or where it fails: then `doing` has failed.
 */
export async function python(args: string[], doing: string, context: FetchContext): Promise<void> {
  const outcome = await run({ file: 'python3', args }, context).catch((error: unknown) => {
    context.signal?.throwIfAborted();
    throw new Problem('Python is missing: install python3 with pip', { cause: error });
  });
  if (outcome.code !== 0) {
    const missingPip = outcome.output.includes('No module named pip');
    throw new Problem(
      missingPip ? 'pip is missing: install it (Debian: apt install python3-pip)' : `${doing} failed`,
      {
        detail: outcome.output.split('\n').slice(-10).join('\n'),
      },
    );
  }
}
