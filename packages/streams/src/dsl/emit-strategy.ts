// When the results of windows come out.
import { FatalError } from '../api/errors.ts';
import type { Emit } from '../operators/aggregate.ts';
import type { WindowEmit } from '../operators/window-output.ts';

/**
 * `onWindowUpdate`: with each record; `onWindowClose`: once for each window, when it takes no more records.
 */
export type EmitStrategy = 'onWindowUpdate' | 'onWindowClose';

/** When the results of an aggregate come out. @throws FatalError where two options say so differently. */
export function emitOf(strategy: EmitStrategy, emit: Emit | undefined, step: string): WindowEmit {
  if (strategy === 'onWindowUpdate') return emit ?? 'update';
  if (emit === undefined) return 'close';
  const message = `${step} is to emit on window close, and by '${emit}': leave { emit } out`;
  throw new FatalError('TOPOLOGY_INVALID', message);
}
