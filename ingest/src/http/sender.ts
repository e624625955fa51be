// What the edge notes of who sends with a public key: the address and the user agent, as far as it may.
import { canonicalAddress, networkOf } from '@activity/contracts';
import type { ActivityEvent, Sender } from '@activity/contracts';

/** How much of an address is noted. */
export const addressForms = ['truncated', 'full', 'none'] as const;

/** What is noted. */
export interface SenderOptions {
  /** `truncated`: IPv4 to its /24, IPv6 to its /48. */
  address: (typeof addressForms)[number];
  userAgent: boolean;
}

/** Notes who sends, of the address and the user agent of a request. */
export type NoteSender = (address: string, userAgent: string | undefined) => Sender;

/** Longer ones are cut: browsers need no more than 300 characters. */
const maxUserAgent = 512;

/**
 * Makes it.
 * @example noteSender({ address: 'truncated', userAgent: true })('203.0.113.7', 'Mozilla/5.0')
 * // { ip: '203.0.113.0', userAgent: 'Mozilla/5.0' }
 */
export function noteSender(options: SenderOptions): NoteSender {
  function noted(address: string): string | undefined {
    if (options.address === 'none') return undefined;
    if (options.address === 'full') return canonicalAddress(address);
    const network = networkOf(address, { 4: 24, 6: 48 });
    return network?.slice(0, network.indexOf('/'));
  }

  return (address, userAgent) => {
    const ip = noted(address);
    const text = options.userAgent ? userAgent?.slice(0, maxUserAgent) : undefined;
    return { ...(ip !== undefined && { ip }), ...(text && { userAgent: text }) };
  };
}

/**
 * Puts the sender beside an event's metadata, where enrichment takes it from. Fields of the same names that
 * the client has sent are removed: they may be false, and where the edge is to note nothing they must not be
 * stored either.
 */
export function stampSender(event: ActivityEvent, sender: Sender): void {
  if ('ip' in event.metadata || 'userAgent' in event.metadata) {
    const { ip: _ip, userAgent: _userAgent, ...others } = event.metadata;
    event.metadata = others;
  }
  event.sender = sender;
}
