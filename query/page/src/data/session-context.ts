// What every view may know and do of the session.
import { createContext } from 'preact';
import type { Context } from 'preact';

/** The session as views see it. */
export interface SessionControl {
  /** A read was refused for want of a session: shows the sign-in. */
  signedOut: () => void;
}

/** Whether nothing can be had just now, which is said once for the whole page. */
export const AwayContext: Context<boolean> = createContext(false);

/** The session. */
export const SessionContext: Context<SessionControl> = createContext({ signedOut: (): void => {} });
