// The memory backend: state is lost with the process, and restored from changelogs.
import { ExpiringState } from './expiring-state.ts';
import { MemoryState } from './memory-state.ts';
import type { StateBackend } from './state-backend.ts';

/** Keeps state in memory. */
export function memoryBackend(): StateBackend {
  return {
    open: async ({ prefixLength }) => new MemoryState({ prefixLength }),
    openExpiring: async ({ keys, format, segmentMs, runEntries, prefixLength }) =>
      new ExpiringState({ keys, format, segmentMs, runEntries, prefixLength }),
    storedTasks: () => [],
    close: async () => {},
  };
}
