// JSON logs. They never hold what a user sent or did: no user ids, addresses, metadata or request bodies.
import { pino } from 'pino';
import type { DestinationStream, Level, LoggerOptions, Logger as PinoLogger } from 'pino';

/** A pino logger. */
export type Logger = PinoLogger;

/**
 * A logger that writes one JSON line an entry to stdout: level, ISO time, service, message.
 *
 * The fields that could hold personal data are removed wherever a careless caller passes them.
 */
export function createLogger(
  service: string,
  level: Level | 'silent' = 'info',
  destination: DestinationStream = standardOutput(),
): Logger {
  const options: LoggerOptions = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: [
        'userId',
        'ip',
        'body',
        'metadata',
        'authorization',
        '*.userId',
        '*.ip',
        '*.body',
        '*.metadata',
        '*.authorization',
      ],
      remove: true,
    },
  };
  return pino(options, destination);
}

const maxWaitingBytes = 1_048_576;

/**
 * Where stdout is a file on a full disk, up to 1 MiB of lines wait for room, and more are dropped: no service
 * ends for its log.
 */
function standardOutput(): DestinationStream {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: maxWaitingBytes });
  destination.on('error', () => {});
  return destination;
}
