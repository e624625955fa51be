// A connection to one broker. This file, wire.ts and remedies.ts are the only ones that import
// @platformatic/kafka.
import { Connection, ConnectionStatuses } from '@platformatic/kafka';
import { FatalError, RetriableError } from '../errors.ts';
import { brokersNeeded, releaseBefore4, remedyOf } from './remedies.ts';
import type { SecurityOptions } from './security.ts';
import { askVersions, operations, type Versions } from './wire.ts';

interface Api<Args extends unknown[], Answer> {
  readonly key: number;
  readonly version: number;
  async(connection: Connection, ...args: Args): Promise<Answer>;
}

/** Settings of a {@link Link}. Times in milliseconds. */
export interface LinkOptions {
  clientId: string;
  requestTimeoutMs: number;
  /** 5,000 unless given; never longer than a request may take. */
  connectTimeoutMs?: number | undefined;
  security: SecurityOptions;
  /** Called when an open connection was closed by the broker, or broke. */
  onLost?: (() => void) | undefined;
}

interface Opened {
  connection: Connection;
  /** The versions of each request that the broker supports, by the request's number. */
  versions: Versions;
}

const defaultConnectTimeoutMs = 5_000;

/** One connection to one broker, opened when first used and again after it broke. */
export class Link {
  readonly host: string;
  readonly port: number;
  readonly #options: LinkOptions;
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #closed = false;

  constructor(host: string, port: number, options: LinkOptions) {
    this.host = host;
    this.port = port;
    this.#options = options;
  }

  /** Sends one request; every rejection is a StreamsError that says what was being done. */
  async call<Args extends unknown[], Answer>(
    doing: string,
    api: Api<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    try {
      const { connection, versions } = await this.#connected();
      this.#checkVersion(doing, api, versions);
      return await api.async(connection, ...args);
    } catch (error) {
      throw remedyOf(error, doing, operations.get(api));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opened?.connection.close().catch(() => {});
    this.#opened = undefined;
  }

  async #connected(): Promise<Opened> {
    if (this.#closed) throw new RetriableError('CONNECTION_LOST', 'the connection was closed');
    if (this.#opened?.connection.isConnected()) return this.#opened;
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #open(): Promise<Opened> {
    if (await this.#authenticatedAgain()) return this.#opened as Opened;
    const former = this.#opened?.connection;
    this.#opened = undefined;
    void former?.close().catch(() => {});
    const { clientId, requestTimeoutMs, security, onLost } = this.#options;
    const { connectTimeoutMs = defaultConnectTimeoutMs } = this.#options;
    const connection = new Connection(clientId, {
      requestTimeout: requestTimeoutMs,
      connectTimeout: Math.min(connectTimeoutMs, requestTimeoutMs),
      maxInflights: 64,
      ...security,
    });
    connection.on('error', () => {});
    try {
      await connection.connect(this.host, this.port);
      const { versions, metadataVersion } = await askVersions(connection);
      this.#checkRelease(metadataVersion);
      this.#opened = { connection, versions };
      if (onLost) connection.once('close', () => this.#closed || onLost());
    } catch (error) {
      void connection.close().catch(() => {});
      throw error;
    }
    if (this.#closed) await connection.close();
    return this.#opened;
  }

  /** A connection that authenticates again takes no requests for a moment, and is then the same as before. */
  async #authenticatedAgain(): Promise<boolean> {
    const connection = this.#opened?.connection;
    if (connection?.status !== ConnectionStatuses.REAUTHENTICATING) return false;
    return connection.ready().then(
      () => true,
      () => false,
    );
  }

  /** An older broker may support every request, but this client is tested with Kafka 4 only. */
  #checkRelease(metadataVersion: number | undefined): void {
    const release = releaseBefore4(metadataVersion);
    if (release === undefined) return;
    throw new FatalError(
      'BROKER_REFUSED',
      `the broker at ${this.host}:${this.port} is of Kafka ${release} (it knows metadata.version up to ${metadataVersion}); ${brokersNeeded}`,
    );
  }

  #checkVersion(doing: string, { key, version }: { key: number; version: number }, versions: Versions): void {
    const range = versions.get(key);
    if (range && version >= range.min && version <= range.max) return;
    const supported = range ? `supports versions ${range.min} to ${range.max}` : 'does not know it';
    throw new FatalError(
      'BROKER_REFUSED',
      `${doing}: request ${key} is sent in version ${version}, and the broker at ${this.host}:${this.port} ${supported}; ${brokersNeeded}`,
    );
  }
}
