// Requests to other services, whose failures are logged: to clients they are all the same.
import type { Logger } from './logger.ts';

/**
 * A `fetch` that logs why a server cannot be reached, its certificate for example: once, until the server is
 * reached again. What the caller itself has aborted is no failure.
 */
export function loggedFetch(logger: Logger): typeof fetch {
  const failing = new Set<string>();
  return async function fetchLogged(input, init) {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    try {
      const response = await fetch(input, init);
      failing.delete(origin);
      return response;
    } catch (error) {
      const { name, message, cause } = error as Error;
      if (name !== 'AbortError' && !failing.has(origin)) {
        failing.add(origin);
        logger.warn(
          { url: origin, reason: cause instanceof Error ? causeOf(cause) : message },
          'not reached',
        );
      }
      throw error;
    }
  };
}

/** The address may have been tried by IPv4 and IPv6: such an error has no message of its own. */
function causeOf(cause: Error): string {
  return cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
}
