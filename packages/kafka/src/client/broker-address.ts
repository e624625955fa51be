// Where a broker is: `host:port` as people write it.

/** A host and a port. */
export interface BrokerAddress {
  host: string;
  port: number;
}

/**
 * Reads `host:port`. An IPv6 host is written in brackets; without a port it is 9092.
 * @example addressOf('[::1]:9093') // { host: '::1', port: 9093 }
 */
export function addressOf(broker: string): BrokerAddress {
  const found = /^(?:\[([^\]]*)\]|([^:]*)|(.*:.*:.*))(?::(\d+))?$/.exec(broker);
  if (!found) return { host: broker, port: defaultPort };
  const [, bracketed, plain, bare, port] = found;
  return {
    host: bracketed ?? plain ?? bare ?? broker,
    port: port === undefined ? defaultPort : Number(port),
  };
}

const defaultPort = 9092;
