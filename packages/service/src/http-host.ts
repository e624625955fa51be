// Which names a service may be asked for while it needs no key: a page of another site, whose name was made
// to lead here, would otherwise read and erase everything with the browser of whoever looks at it.
import { isIP } from 'node:net';

/** Whether a request with this `Host` may be served. */
export type HostCheck = (host: string | undefined) => boolean;

/** How a check is set. */
export interface HostCheckOptions {
  /** Whether no key is needed. Where one is, a page of another site has none, and every name may be used. */
  open: boolean;
  /** Names that may be used besides local ones; `*`: any. */
  allowed?: readonly string[];
}

/**
 * Makes the check. Local names are addresses, `localhost` and what ends in it, and names without a dot, which
 * only this machine's own network gives a meaning.
 */
export function createHostCheck({ open, allowed = [] }: HostCheckOptions): HostCheck {
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  if (!open || names.has('*')) return () => true;
  /** Most requests name the same host as the one before. */
  let last = '';
  return function isAllowed(host) {
    if (host === undefined || host === last) return true;
    const name = hostName(host);
    if (!isLocal(name) && !names.has(name)) return false;
    last = host;
    return true;
  };
}

/** The name without its port, in lower case. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1];
  return (bracketed ?? host.replace(/:\d*$/, '')).toLowerCase().replace(/\.$/, '');
}

function isLocal(name: string): boolean {
  return (
    isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || /^[a-z0-9_-]*$/.test(name)
  );
}

/** Whether a listening address is reached from this machine alone. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}
