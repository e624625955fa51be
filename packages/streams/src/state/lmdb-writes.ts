// Writes of one store to LMDB: all or nothing, and none after one that failed.
import { setTimeout as sleep } from 'node:timers/promises';
import { FatalError } from '../api/errors.ts';
import type { RootDatabase } from './lmdb.ts';

/** A database that can be dropped. */
interface Droppable {
  drop(): Promise<unknown>;
}

/** How long LMDB may take to say why a commit failed, in milliseconds. */
const reasonMs = 100;

/**
 * Writes of one store. After a failed write, every later one is refused:
 * it would lay a newer position over a gap.
 */
export class StoreWrites {
  readonly #env: RootDatabase;
  readonly #store: string;
  readonly #taskId: string;
  readonly #isHeld: () => boolean;
  #failure: FatalError | undefined;

  /** `isHeld`: whether the folder is still this process's. */
  constructor(
    env: RootDatabase,
    { store, taskId, isHeld }: { store: string; taskId: string; isHeld: () => boolean },
  ) {
    this.#env = env;
    this.#store = store;
    this.#taskId = taskId;
    this.#isHeld = isHeld;
  }

  /**
   * @throws FatalError with STATE_UNWRITABLE after a write that failed, with STATE_LOCKED where another
   * process has taken the folder: it has newer state.
   */
  check(): void {
    if (!this.#failure && !this.#isHeld()) {
      const text =
        `writing store ${this.#store} of task ${this.#taskId}: another process has taken the state folder, ` +
        'as it does where this one stood still; give each instance a folder of its own';
      this.#failure = new FatalError('STATE_LOCKED', text, { taskId: this.#taskId });
    }
    if (this.#failure) throw this.#failure;
  }

  /**
   * Writes in one transaction what `write` puts and removes.
   * @throws FatalError as {@link check} does, and with STATE_UNWRITABLE where the disk takes no more.
   */
  async batch(write: () => void): Promise<void> {
    this.check();
    try {
      await this.#env.batch(write);
    } catch (cause) {
      await this.#fail(cause);
      this.check();
    }
  }

  /** Drops a database in the background, unless another process has taken the folder. */
  drop(db: Droppable | undefined): void {
    if (!db || !this.#isHeld()) return;
    db.drop().catch((error: unknown) => this.#fail(error));
  }

  /**
   * Runs a reader in the background. Where it fails, the store refuses to write:
   * its file is not to be trusted.
   */
  background(read: Promise<void>): void {
    read.catch((error: unknown) => this.#fail(error));
  }

  async #fail(cause: unknown): Promise<void> {
    const reason = await reasonOf(cause);
    const text = reason instanceof Error ? reason.message : String(reason);
    const message = `writing store ${this.#store} of task ${this.#taskId}: ${text}; free space on the disk of the state folder`;
    this.#failure ??= new FatalError('STATE_UNWRITABLE', message, { cause: reason, taskId: this.#taskId });
  }
}

/**
 * Why a commit failed: LMDB rejects a promise of its own with it, which ends the process where nobody waits
 * for it.
 */
async function reasonOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<unknown> };
  if (!commitError) return error;
  const reason = commitError.then(
    () => error,
    (why: unknown) => why,
  );
  return Promise.race([reason, sleep(reasonMs, error)]);
}
