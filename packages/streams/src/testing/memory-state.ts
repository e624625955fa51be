// A store's committed state for tests: in memory, and open at once.
import type { StoreSpec } from '../api/stores.ts';
import { stateOptions } from '../runtime/task-stores.ts';
import type { CommittedState } from '../state/committed-state.ts';
import { ExpiringState } from '../state/expiring-state.ts';
import { MemoryState } from '../state/memory-state.ts';

/** The empty state that a store needs. */
export function memoryState(spec: StoreSpec): CommittedState {
  if (spec.kind === 'expiring') return new ExpiringState(stateOptions(spec));
  return new MemoryState(stateOptions(spec));
}
