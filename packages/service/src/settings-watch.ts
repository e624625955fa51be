// Watches whether the settings of topics are those that a service depends on.
import type { Logger } from './logger.ts';
import type { Readiness } from './monitoring.ts';
import { reasonOf } from './refusals.ts';

/** What a watch needs. */
export interface SettingsWatchOptions {
  /** Returns what is wrong with the settings; undefined where nothing is. */
  problem: () => Promise<string | undefined>;
  logger: Logger;
  /** Closes what the settings are read with. */
  closeReader?: () => Promise<void>;
  /** How often the settings are read, in milliseconds. */
  everyMs?: number;
}

/** A watch over settings. */
export interface SettingsWatch {
  /** Not ready while a setting is wrong, else what the service itself says. */
  readonly readiness: (own: Readiness) => Readiness;
  close: () => Promise<void>;
}

/**
 * Reads the settings at once and every 5 seconds. Settings that cannot be read are not known to be wrong: a
 * service without the right to read them logs that, and is ready.
 */
export function watchSettings(options: SettingsWatchOptions): SettingsWatch {
  const { problem, logger, closeReader, everyMs = 5_000 } = options;
  let found: string | undefined;
  let unreadable = false;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function look(): Promise<void> {
    try {
      const now = await problem();
      if (now !== undefined && now !== found) logger.error({ reason: now }, 'a topic has a wrong setting');
      found = now;
      unreadable = false;
    } catch (error) {
      if (!unreadable && !closed)
        logger.warn({ reason: reasonOf(error) }, 'reading the settings of topics failed');
      unreadable = true;
    }
    if (!closed) timer = setTimeout(() => void look(), everyMs).unref();
  }

  void look();
  return {
    readiness: (own) => (found === undefined ? own : { ready: false, reason: found }),
    async close() {
      closed = true;
      clearTimeout(timer);
      await closeReader?.();
    },
  };
}
