// How a connection proves who it is and whom it reaches: TLS and SASL, in types of this package alone. The
// client's own would bring its declarations, and what these need, into every project that compiles against
// this one.
import type { ConnectionOptions as TlsOptions } from 'node:tls';

/** A name, a password or a token; a function is called for each connection, so that it can be renewed. */
export type Credential = string | (() => string | Promise<string>);

/** SASL settings: `username` and `password`, or for OAUTHBEARER a `token`. */
export interface SaslOptions {
  mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';
  username?: Credential;
  password?: Credential;
  token?: Credential;
  /** OAUTHBEARER: extensions of the token, as RFC 7628 has them. */
  oauthBearerExtensions?: Record<string, string>;
}

/**
 * TLS and SASL settings.
 * @example { tls: {}, sasl: { mechanism: 'SCRAM-SHA-512', username: 'app', password } }
 */
export interface SecurityOptions {
  /**
   * As `tls.connect` of Node takes them; `{}` checks the broker's certificate by the system's authorities.
   * Absent: no TLS.
   */
  tls?: TlsOptions;
  sasl?: SaslOptions;
  /**
   * The name to expect in the broker's certificate, where it is not the one that is connected to; false: none
   * is sent.
   */
  tlsServerName?: string | boolean;
}
