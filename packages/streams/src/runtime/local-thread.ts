// A stream thread with a broker connection and a state backend of its own, in the thread that calls.
import { createKafka, type KafkaOptions } from '@activity/kafka';
import type { StoreQuery, StoreRow } from '../state/committed-reader.ts';
import { diskBackend } from '../state/disk-backend.ts';
import { isHeldHere } from '../state/folder-lock.ts';
import { memoryBackend } from '../state/memory-backend.ts';
import { failurePolicy, type FailureChoices } from './failure-policy.ts';
import { StreamThread } from './thread/stream-thread.ts';
import type { StreamThreadOptions } from './thread/thread-options.ts';
import type { ThreadHandle } from './thread-handle.ts';
import { topicNames } from './topic-names.ts';

/** What a thread is made of; without functions but for the last, so that the rest passes to a worker. */
export interface LocalThreadOptions extends Omit<
  StreamThreadOptions,
  'names' | 'kafka' | 'backend' | 'failures'
> {
  kafkaOptions: KafkaOptions;
  /** The folder of this application and instance; already locked. undefined: state in memory. */
  stateDir: string | undefined;
  /** How long state of tasks that run elsewhere stays in the folder. */
  stateCleanupDelayMs: number;
  failures: FailureChoices;
}

/** Opens the parts of a thread; nothing runs before `start()`. */
export async function localThread(options: LocalThreadOptions): Promise<ThreadHandle> {
  const { kafkaOptions, stateDir, stateCleanupDelayMs, failures, ...settings } = options;
  const { internalTopics, topology, log } = settings;
  const kafka = createKafka(kafkaOptions);
  const backend =
    stateDir === undefined
      ? memoryBackend()
      : diskBackend({
          folder: stateDir,
          cleanupDelayMs: stateCleanupDelayMs,
          isHeld: () => isHeldHere(stateDir),
          log: (level, message) => log(level, message),
        });
  const thread = new StreamThread({
    ...settings,
    names: topicNames(internalTopics.prefix, topology),
    kafka,
    backend,
    failures: failurePolicy(failures),
  });

  async function query(store: string, question: StoreQuery): Promise<StoreRow[]> {
    // Every thread has the same rows of global tables.
    const global = settings.index === 0 && thread.globals().find(({ table }) => table.store.name === store);
    if (global) return global.reader.read(question);
    return thread.tasks().flatMap((task) => {
      const open = task.stores.find(({ spec }) => spec.name === store);
      return open ? open.reader.read(question) : [];
    });
  }

  return {
    start: () => thread.start(),
    setPaused: (isPaused) => thread.setPaused(isPaused),
    query,
    figures: async () => thread.figures(),
    async close(closeOptions) {
      try {
        await thread.close(closeOptions);
      } finally {
        await backend.close();
        await kafka.close();
      }
    },
  };
}
