// Sessions that were signed out of: their tokens would be good until they expire.
import type { SessionAuthenticator } from '@activity/service';

/** An authenticator that a session can be ended with. */
export interface EndingAuthenticator extends SessionAuthenticator {
  /** Ends a session: its token identifies nobody any more. A token that is none is ignored. */
  endSession: (token: string, now: number) => void;
}

/** How many ended sessions are remembered. The oldest go first: their tokens expire. */
const maxEnded = 10_000;

/** Adds to an authenticator that sessions can be ended, in this process. */
export function endingSessions(authenticator: SessionAuthenticator): EndingAuthenticator {
  const ended = new Set<string>();
  return {
    ...authenticator,
    identifySession: (token, now) =>
      ended.has(token) ? undefined : authenticator.identifySession(token, now),
    endSession(token, now) {
      if (authenticator.identifySession(token, now) === undefined) return;
      ended.add(token);
      const [oldest] = ended;
      if (ended.size > maxEnded && oldest !== undefined) ended.delete(oldest);
    },
  };
}
