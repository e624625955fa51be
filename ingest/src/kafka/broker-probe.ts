// Whether the raw topic can be written to, asked of the cluster twice a second.
import { openTopicWriter, type TopicWriter } from '@activity/kafka';
import { needing, type KafkaSecurity, type Readiness } from '@activity/service';

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
  readonly #writer: TopicWriter;
  #state: Readiness = { ready: false, reason: 'the broker has not been asked yet' };
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #told: string | undefined;

  constructor(options: BrokerProbeOptions) {
    this.#options = options;
    const { brokers, topic, security = {}, timeoutMs = 1_000 } = options;
    this.#writer = openTopicWriter({
      brokers,
      topic,
      clientId: 'activity-ingest-probe',
      security,
      connectTimeoutMs: timeoutMs,
      requestTimeoutMs: timeoutMs,
      onLost: () => {
        if (!this.#closed) this.#state = notReady('the broker closed the connection');
      },
    });
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
    await this.#writer.close();
  }

  #tell(): void {
    const { ready, reason } = this.#state;
    if (!ready && reason !== undefined && reason !== this.#told) this.#options.onUnready?.(reason);
    this.#told = ready ? undefined : reason;
  }

  async #ask(): Promise<void> {
    const { topic } = this.#options;
    try {
      const leaders = await needing(`Write on topic ${topic}`, () => this.#writer.leaders());
      const leaderless = leaders.indexOf(undefined);
      this.#state = leaderless < 0 ? { ready: true } : notReady(`partition ${leaderless} has no leader`);
    } catch (error) {
      // Next time another broker is asked first.
      this.#writer.forgetLeaders();
      this.#state = notReady(`asking the broker: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function notReady(reason: string): Readiness {
  return { ready: false, reason };
}
