// Whether the raw topic can be written to, asked of the cluster twice a second.
import type { KafkaSecurity, Readiness } from '@activity/service';
import { BrokerTurns } from './broker-turns.ts';
import { connect, topicMetadata } from './wire.ts';
import type { BrokerConnection } from './wire.ts';

/** What a probe needs. Times in milliseconds. */
export interface BrokerProbeOptions {
  brokers: readonly string[];
  topic: string;
  security?: KafkaSecurity;
  intervalMs?: number;
  timeoutMs?: number;
  /** Told when the topic cannot be written to any more, or for another reason than before. */
  onUnready?: (reason: string) => void;
}

/**
 * Watches the topic on a connection of its own: ready while every partition has a leader. With the defaults
 * it notices a broker that closes its connection at once, and one that falls silent within 1.5 s.
 */
export class BrokerProbe {
  readonly #options: BrokerProbeOptions;
  readonly #turns: BrokerTurns;
  #connection: BrokerConnection | undefined;
  #state: Readiness = { ready: false, reason: 'the broker has not been asked yet' };
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #told: string | undefined;

  constructor(options: BrokerProbeOptions) {
    this.#options = options;
    this.#turns = new BrokerTurns(options.brokers);
  }

  /** Asks for the first time, and keeps asking. */
  async start(): Promise<void> {
    await this.#ask();
    this.#tell();
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.start(), this.#options.intervalMs ?? 500);
  }

  /** What the last answer said. */
  get readiness(): Readiness {
    return this.#state;
  }

  /** Stops asking. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#connection?.close().catch(() => {});
  }

  #tell(): void {
    const { ready, reason } = this.#state;
    if (!ready && reason !== undefined && reason !== this.#told) this.#options.onUnready?.(reason);
    this.#told = ready ? undefined : reason;
  }

  async #ask(): Promise<void> {
    try {
      const connection = await this.#connect();
      const { leaders, brokers } = await topicMetadata(connection, this.#options.topic);
      this.#turns.learn(brokers.values());
      const leaderless = leaders.findIndex((leader) => leader < 0);
      if (leaders.length === 0) this.#state = notReady(`topic ${this.#options.topic} does not exist`);
      else if (leaderless >= 0) this.#state = notReady(`partition ${leaderless} has no leader`);
      else this.#state = { ready: true };
    } catch (error) {
      this.#turns.next();
      this.#state = notReady(`asking the broker: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #connect(): Promise<BrokerConnection> {
    if (this.#connection?.isConnected() === true) return this.#connection;
    const { timeoutMs = 1_000, security = {} } = this.#options;
    const how = { connectTimeout: timeoutMs, requestTimeout: timeoutMs, security };
    let failure: unknown = new Error('no broker is configured');
    for (const address of this.#turns.inTurn()) {
      try {
        const connection = await connect(address, how);
        connection.once('close', () => {
          if (!this.#closed) this.#state = notReady('the broker closed the connection');
        });
        this.#connection = connection;
        return connection;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

function notReady(reason: string): Readiness {
  return { ready: false, reason };
}
