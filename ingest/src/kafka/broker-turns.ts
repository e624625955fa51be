// Which broker is asked what any broker can say: those that were given and those that the cluster named, in
// turns.
import type { BrokerAddress } from './wire.ts';

/**
 * A broker that stalls still takes connections, and one that is cut off from the others names former
 * leaders. So whoever got no answer, or a wrong one, calls {@link BrokerTurns.next}, and asks another broker.
 */
export class BrokerTurns {
  readonly #given: readonly BrokerAddress[];
  #named: readonly BrokerAddress[] = [];
  #first = 0;

  /** @param brokers - `host:port` of each. */
  constructor(brokers: readonly string[]) {
    this.#given = brokers.map(addressOf);
  }

  /** Takes in the brokers that the cluster named: all that were given may be away one day. */
  learn(brokers: Iterable<BrokerAddress>): void {
    const given = new Set(this.#given.map(nameOf));
    this.#named = [...brokers].filter((broker) => !given.has(nameOf(broker)));
  }

  /** All brokers, in the order in which to ask them. */
  inTurn(): BrokerAddress[] {
    const all = [...this.#given, ...this.#named];
    const first = this.#first % Math.max(1, all.length);
    return [...all.slice(first), ...all.slice(0, first)];
  }

  /** Makes another broker the first. */
  next(): void {
    this.#first++;
  }
}

/** `host:port`, which names a broker’s connection. */
export function nameOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`;
}

/** Reads `host:port`, also with an IPv6 host in brackets. */
function addressOf(broker: string): BrokerAddress {
  const colon = broker.lastIndexOf(':');
  return { host: broker.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(broker.slice(colon + 1)) };
}
