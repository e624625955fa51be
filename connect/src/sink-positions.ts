// How far the sink is: what each connector has committed, against the ends of its topic.
import type { TopicReader } from '@activity/streams';
import type { Connector } from './connectors.ts';

/** Where a connector is in one partition. */
export interface SinkPosition {
  connector: string;
  topic: string;
  partition: number;
  /** The next offset it will store; undefined where it has stored nothing yet. */
  committed: number | undefined;
  /**
   * The end of the partition. Behind the last record is the marker of its transaction,
   * so that a lag of 1 is none.
   */
  end: number;
}

/** Asks Kafka for the positions of all connectors. */
export async function sinkPositions(
  reader: TopicReader,
  connectors: readonly Connector[],
): Promise<SinkPosition[]> {
  const found: SinkPosition[] = [];
  for (const { name, config } of connectors) {
    const topic = config['topics'] ?? '';
    const [starts, ends, committed] = await Promise.all([
      reader.offsets(topic, 'earliest'),
      reader.offsets(topic, 'latest'),
      reader.committed(`connect-${name}`, topic),
    ]);
    for (const [partition, end] of ends.entries()) {
      // What retention has deleted is not stored any more, by whomever.
      const next = Math.max(starts[partition] ?? 0, committed[partition] ?? 0);
      const isKnown = next > 0 || committed[partition] !== undefined;
      found.push({ connector: name, topic, partition, committed: isKnown ? next : undefined, end });
    }
  }
  return found;
}

/** How many offsets each connector has stored, all partitions together. */
export function storedOffsets(positions: readonly SinkPosition[]): Map<string, number> {
  const stored = new Map<string, number>();
  for (const { connector, committed = 0 } of positions) {
    stored.set(connector, (stored.get(connector) ?? 0) + committed);
  }
  return stored;
}

/** Notices when a sink's position has moved back, and when it has come again to where it was. */
export class SinkRewinds {
  readonly #furthest = new Map<string, number>();

  /** Whether any position is behind where it has been before. */
  behind(positions: readonly SinkPosition[]): boolean {
    let behind = false;
    for (const { connector, topic, partition, committed } of positions) {
      const name = `${connector} ${topic} ${partition}`;
      const furthest = this.#furthest.get(name);
      if (furthest !== undefined && (committed ?? 0) < furthest) behind = true;
      else if (committed !== undefined) this.#furthest.set(name, committed);
    }
    return behind;
  }
}
