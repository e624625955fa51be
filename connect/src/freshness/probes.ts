// Probes: moments of which it is followed through the pipeline until everything from before them is stored.
import type { OffsetsByTopic } from '@activity/streams';

/** Where all readers are, then where the topics end: read in this order. */
export interface Look {
  /** What the processor has committed, of the raw topic and of its repartition topics. */
  processor: OffsetsByTopic<number | undefined>;
  /** What each connector has committed, by its collection. */
  sinks: ReadonlyMap<string, readonly (number | undefined)[]>;
  /** The moment between the two, in epoch milliseconds. */
  at: number;
  /** The ends of all topics, read after that moment. */
  ends: OffsetsByTopic;
}

/** A connector: its collection, and the topic that it stores there. */
export interface Sink {
  collection: string;
  topic: string;
}

/** Whether a reader has read a partition up to an offset. */
export type Passed = (
  reader: string,
  place: { topic: string; partition: number },
  committed: number | undefined,
  target: number,
) => Promise<boolean>;

/** What probes follow. */
export interface ProbesOptions {
  raw: string;
  sinks: readonly Sink[];
  passed: Passed;
}

/** What a collection has reached. */
export interface Reached {
  /** A moment, in epoch milliseconds: what was acknowledged before is there. */
  at: number;
  /** Where the raw topic ended then, by partition. */
  rawEnds: readonly number[];
}

/**
 * ```
 *  raw ──processor has committed the raw ends──▶ repartitioned ──and those of its repartition topics──▶ derived ──each connector──▶ done
 * ```
 * Each stage's ends are read after the stage before has been passed, so that all that came of the records
 * before is before these ends.
 */
interface Probe extends Reached {
  stage: 'raw' | 'repartitioned' | 'derived';
  /** What must be passed, by topic. */
  targets: OffsetsByTopic;
  /** The collections whose connectors have not passed yet. */
  pending: Set<string>;
}

/** More of them say little more: the oldest and the newest stay. */
const maxProbes = 24;

/** All probes under way. */
export class Probes {
  readonly #options: ProbesOptions;
  #probes: Probe[] = [];

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  /** How many are under way. */
  get size(): number {
    return this.#probes.length;
  }

  /** Forgets all: the processor reads again what it had read. */
  clear(): void {
    this.#probes = [];
  }

  /** Forgets what was followed to one connector: it stores again what it had stored. */
  restart(collection: string): void {
    for (const probe of this.#probes) probe.pending.delete(collection);
  }

  /**
   * Begins a probe and moves all on. Returns the newest moment that each collection has reached now, where
   * there is one.
   */
  async move(look: Look): Promise<Map<string, Reached>> {
    const { raw, sinks } = this.#options;
    const pending = new Set(sinks.map(({ collection }) => collection));
    const rawEnds = look.ends.get(raw) ?? [];
    const targets = new Map([[raw, rawEnds]]);
    this.#probes.push({ at: look.at, rawEnds, stage: 'raw', targets, pending });
    const reached = new Map<string, Reached>();
    // The newest first: what has passed it has passed the older ones.
    for (const probe of this.#probes.toReversed()) {
      await this.#move(probe, look);
      if (probe.stage !== 'derived') continue;
      for (const { collection, topic } of sinks) {
        if (!probe.pending.has(collection) || reached.has(collection)) continue;
        const committed = look.sinks.get(collection) ?? [];
        if (await this.#passed(collection, topic, probe.targets.get(topic), committed)) {
          reached.set(collection, probe);
        }
      }
    }
    for (const probe of this.#probes) {
      for (const [collection, { at }] of reached) if (probe.at <= at) probe.pending.delete(collection);
    }
    this.#probes = this.#probes.filter((probe) => probe.pending.size > 0);
    this.#thinOut();
    return reached;
  }

  async #move(probe: Probe, look: Look): Promise<void> {
    const { sinks, raw } = this.#options;
    const repartitions = [...look.processor.keys()].filter((topic) => topic !== raw);
    const next = {
      raw: { stage: 'repartitioned', topics: repartitions },
      repartitioned: { stage: 'derived', topics: sinks.map(({ topic }) => topic) },
    } as const;
    while (probe.stage !== 'derived') {
      for (const [topic, target] of probe.targets) {
        // A repartition topic that is gone holds nothing back.
        const committed = look.processor.get(topic);
        if (committed !== undefined && !(await this.#passed('processor', topic, target, committed))) return;
      }
      const { stage, topics } = next[probe.stage];
      probe.targets = new Map(topics.map((topic) => [topic, look.ends.get(topic) ?? []]));
      probe.stage = stage;
    }
  }

  async #passed(
    reader: string,
    topic: string,
    targets: readonly number[] | undefined,
    committed: readonly (number | undefined)[],
  ): Promise<boolean> {
    if (targets === undefined) return false;
    for (const [partition, target] of targets.entries()) {
      const place = { topic, partition };
      if (!(await this.#options.passed(reader, place, committed[partition], target))) return false;
    }
    return true;
  }

  /** Every second one goes, but for the oldest and the newest. */
  #thinOut(): void {
    if (this.#probes.length < maxProbes) return;
    const last = this.#probes.length - 1;
    this.#probes = this.#probes.filter((_, index) => index % 2 === 0 || index === last);
  }
}
