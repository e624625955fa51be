// The state backends that the contract suites run against: a new one joins by one line.
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreSpec } from '../api/stores.ts';
import type { KeyEncoding } from '../api/key-text.ts';
import type { CommittedState } from '../state/committed-state.ts';
import { diskBackend } from '../state/disk-backend.ts';
import type { ExpiringState } from '../state/expiring-state.ts';
import { memoryBackend } from '../state/memory-backend.ts';
import type { OpenExpiringOptions, OpenStateOptions, StateBackend } from '../state/state-backend.ts';

/** A backend under test, with what its process would do to it. */
export interface OpenBackend {
  open(store?: {
    store?: string;
    kind?: Exclude<StoreSpec['kind'], 'expiring'>;
    keys?: KeyEncoding;
    format?: 'text' | 'bytes';
    segmentsTogether?: number;
    segmentMs?: number;
    prefixLength?: (key: string) => number;
    changelogId?: string;
  }): Promise<CommittedState>;
  openExpiring(
    options: Pick<OpenExpiringOptions, 'segmentMs' | 'runEntries'> & Partial<OpenExpiringOptions>,
  ): Promise<ExpiringState>;
  /** The process has ended and starts again; what was opened before is of no use any more. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

/** How to get one. */
export interface BackendUnderTest {
  name: string;
  /** Whether flushed state survives a restart. */
  persistent: boolean;
  create: () => OpenBackend;
}

const where = {
  taskId: '0_0',
  store: 'store',
  kind: 'keyValue',
  keys: 'utf8',
  format: 'text',
  changelogId: undefined,
} as const;

function opened(
  make: () => StateBackend,
  cleanUp: () => void,
  kind: OpenStateOptions['kind'] = where.kind,
): OpenBackend {
  let backend = make();
  let states: CommittedState[] = [];
  async function close(): Promise<void> {
    await Promise.all(states.map((state) => state.close()));
    states = [];
    await backend.close();
  }
  return {
    async open(options = {}) {
      const state = await backend.open({ ...where, kind, segmentsTogether: 1, segmentMs: 0, ...options });
      states.push(state);
      return state;
    },
    async openExpiring(options) {
      const state = await backend.openExpiring({ ...where, ...options });
      states.push(state);
      return state;
    },
    async restart() {
      await close();
      backend = make();
    },
    async dispose() {
      await close();
      cleanUp();
    },
  };
}

function inMemory(): OpenBackend {
  return opened(memoryBackend, () => {});
}

function onDisk(kind?: OpenStateOptions['kind']): OpenBackend {
  const folder = stateTestFolder();
  return opened(
    () => diskBackend({ folder, log: () => {} }),
    () => rmSync(folder, { recursive: true, force: true }),
    kind,
  );
}

/**
 * A new folder for the state of a test: in memory where the system has that, since each flush waits for a
 * disk.
 */
export function stateTestFolder(): string {
  return mkdtempSync(join(foldersAreIn(), 'streams-state-'));
}

function foldersAreIn(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

/** Every backend there is. */
export const stateBackends: readonly BackendUnderTest[] = [
  { name: 'memory', persistent: false, create: inMemory },
  { name: 'disk', persistent: true, create: () => onDisk() },
  { name: 'disk, of a timeline store', persistent: true, create: () => onDisk('timeline') },
];

/**
 * Opens the store that `state-writer.fixture.ts` writes,
 * a key-value store or (`expiring`) one of many small runs.
 */
export function openWritten(backend: StateBackend, kind: string): Promise<CommittedState> {
  if (kind === 'expiring') return backend.openExpiring({ ...where, segmentMs: 2 ** 40, runEntries: 25 });
  return backend.open({ ...where, segmentMs: 0, segmentsTogether: 1 });
}

/** Opens a store that has a database for each of its segments: of windows, or (`expiring`) of small runs. */
export function openSegmented(backend: StateBackend, kind: string): Promise<CommittedState> {
  if (kind === 'expiring') return backend.openExpiring({ ...where, segmentMs: 1, runEntries: 25 });
  return backend.open({ ...where, kind: 'window', segmentMs: 1, segmentsTogether: 1 });
}

/** Keys whose order differs between UTF-16 and UTF-8, and others that are easily mistaken. */
export const trickyKeys: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a',
  'a\u0000b',
  'aa',
  'A',
  'z',
  'é',
  '\u00ff',
  '\u0394',
  '\ufb01',
  '\uffff',
  '\u{10000}',
  '🌍',
  '🌍🌍',
  'a🌍',
  'a\uffff',
];
