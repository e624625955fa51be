// The life of a service process: start, run until a signal or a fault, close in reverse order, exit.
import type { Logger } from './logger.ts';

/** What a service's start function gets. */
export interface ServiceContext {
  /** Aborted when the process is asked to stop; pass it to what waits. */
  signal: AbortSignal;
  /**
   * Registers what to do at the end. Runs in reverse order, each once, also when the start was interrupted.
   */
  onClose: (name: string, close: () => Promise<void> | void) => void;
}

/** How to run a service. */
export interface RunServiceOptions {
  logger: Logger;
  start: (context: ServiceContext) => Promise<void>;
  /** How long closing may take, in milliseconds, before the process ends with 1. Default 9,000. */
  closeWithinMs?: number;
}

/**
 * Runs a service until SIGINT or SIGTERM, then closes it and exits 0. A failing start or an uncaught error
 * closes it and exits 1. A second signal ends the process at once.
 *
 * ```
 *  starting ──▶ running ──signal──▶ closing ──▶ exit 0
 *     └──────────┴──────error──────▶ closing ──▶ exit 1      closing too long, second signal ──▶ exit 1
 * ```
 */
export function runService(options: RunServiceOptions): void {
  const { logger, closeWithinMs = 9_000 } = options;
  const abort = new AbortController();
  const closers: { name: string; close: () => Promise<void> | void }[] = [];
  let stopping = false;

  async function stop(exitCode: number): Promise<void> {
    if (stopping) return;
    stopping = true;
    const deadline = setTimeout(() => {
      logger.fatal(`closing took longer than ${closeWithinMs} ms`);
      process.exit(1);
    }, closeWithinMs);
    deadline.unref();
    abort.abort();
    let code = exitCode;
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      try {
        await closer.close();
      } catch (error) {
        logger.error({ err: error }, `close of ${closer.name} failed`);
        code = 1;
      }
    }
    logger.info({ exitCode: code }, 'stopped');
    process.exit(code);
  }

  function onSignal(signal: NodeJS.Signals): void {
    if (stopping) process.exit(1);
    logger.info({ signal }, 'stopping');
    void stop(0);
  }

  function onFault(error: unknown): void {
    logger.fatal({ err: error }, 'uncaught error');
    void stop(1);
  }

  // A full disk, or a reader that is gone, must not end a service for what is printed.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);

  const context: ServiceContext = {
    signal: abort.signal,
    onClose: (name, close) => closers.push({ name, close }),
  };
  options.start(context).catch((error: unknown) => {
    if (stopping) return;
    logger.fatal({ err: error }, 'start failed');
    void stop(1);
  });
}
