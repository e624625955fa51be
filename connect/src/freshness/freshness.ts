// How fresh each collection is: up to which moment it holds all that the edge has acknowledged.
import type { Freshness } from '@activity/contracts';
import type { Logger } from '@activity/service';
import type { TopicDescription, TopicReader } from '@activity/streams';
import { Gaps } from './gaps.ts';
import { Probes, type Look, type Reached, type Sink } from './probes.ts';
import type { FreshnessRecord } from './record.ts';

/** A connector with its name. */
export interface NamedSink extends Sink {
  connector: string;
}

/** What is followed, and how it is asked. */
export interface FreshnessOptions {
  reader: Pick<TopicReader, 'describe' | 'ends' | 'positions' | 'firstRecord'>;
  record: Pick<FreshnessRecord, 'read' | 'isEmpty' | 'replace' | 'advance'>;
  raw: string;
  sinks: readonly NamedSink[];
  /** The processor's application id. */
  groupId: string;
  /** The names of the processor's repartition topics. */
  repartitions: () => Promise<readonly string[]>;
  /** Epoch milliseconds. */
  now: () => number;
  logger: Logger;
}

type Topics = ReadonlyMap<string, TopicDescription>;
type Offsets = readonly (number | undefined)[];

/** Positions never go back, except where somebody has set them back. */
function isBehind(committed: Offsets, before: readonly number[]): boolean {
  return before.some((offset, partition) => (committed[partition] ?? 0) < offset);
}

/** Offsets as they are recorded. */
function recorded(committed: Offsets): number[] {
  return Array.from(committed, (offset) => offset ?? 0);
}

/**
 * Follows moments through the pipeline. At a moment it reads where the raw topic ends; once the processor has
 * committed that, where the topics end that it writes; once a connector has committed that, its collection
 * holds all that was acknowledged before the moment.
 */
export class FreshnessTracker {
  readonly #options: FreshnessOptions;
  readonly #probes: Probes;
  /** What is recorded in MongoDB; undefined until it has been read. */
  #known: Map<string, Freshness> | undefined;

  constructor(options: FreshnessOptions) {
    const { reader, raw, sinks } = options;
    this.#options = options;
    const gaps = new Gaps({ reader, now: () => performance.now() });
    this.#probes = new Probes({ raw, sinks, passed: gaps.passed.bind(gaps) });
  }

  /** Whether moments are on their way. */
  get busy(): boolean {
    return this.#probes.size > 0;
  }

  /** Up to which moment a collection is complete; undefined where that is not known. */
  asOf(collection: string): Date | undefined {
    const known = this.#known?.get(collection);
    return known?.catchingUp === false ? known.asOf : undefined;
  }

  /** Looks once. @throws Error where Kafka or MongoDB does not answer: what is recorded stays true. */
  async look(): Promise<void> {
    const { reader, raw, sinks, repartitions } = this.#options;
    const wanted = [raw, ...(await repartitions()), ...sinks.map(({ topic }) => topic)];
    const topics = await reader.describe(wanted);
    // Before the topics are made there is nothing to follow.
    if ([raw, ...sinks.map(({ topic }) => topic)].some((topic) => !topics.has(topic))) return;
    const { processor, committed } = await this.#positions(topics);
    await this.#compare(topics, processor.get(raw) ?? [], committed);
    const look: Look = {
      processor,
      sinks: committed,
      at: this.#options.now(),
      ends: await reader.ends(topics.values()),
    };
    await this.#advance(await this.#probes.move(look), look);
  }

  async #positions(topics: Topics): Promise<Pick<Look, 'processor'> & { committed: Map<string, Offsets> }> {
    const { reader, sinks, groupId } = this.#options;
    const derived = new Set(sinks.map(({ topic }) => topic));
    const [processor, ...each] = await Promise.all([
      reader.positions(
        groupId,
        [...topics.values()].filter(({ name }) => !derived.has(name)),
      ),
      ...sinks.map(async ({ connector, collection, topic }) => {
        const own = [...topics.values()].filter(({ name }) => name === topic);
        const found = await reader.positions(`connect-${connector}`, own);
        return [collection, found.get(topic) ?? []] as const;
      }),
    ]);
    return { processor, committed: new Map(each) };
  }

  /**
   * Compares what there is with what is recorded: other topics, positions that were set back, a database that
   * was lost.
   */
  async #compare(topics: Topics, raw: Offsets, committed: ReadonlyMap<string, Offsets>): Promise<void> {
    const { record, sinks, logger } = this.#options;
    const known = (this.#known ??= await record.read());
    for (const { collection, topic } of sinks) {
      const sink = committed.get(collection) ?? [];
      const source = [this.#options.raw, topic].map((name) => topics.get(name)?.id).join(' ');
      const before = known.get(collection);
      const reason = await this.#reasonToCatchUp(collection, before, { raw, sink, source });
      if (reason === undefined) continue;
      const lost = reason === 'lost';
      if (before !== undefined || lost) logger.warn({ collection, reason }, 'asOf is not known for a while');
      if (before?.source !== source || isBehind(raw, before.raw)) this.#probes.clear();
      else this.#probes.restart(collection);
      const now = {
        _id: collection,
        catchingUp: true,
        lost,
        source,
        raw: recorded(raw),
        sink: recorded(sink),
      };
      await record.replace(now);
      known.set(collection, { ...(before?.asOf && { asOf: before.asOf }), ...now });
    }
  }

  async #reasonToCatchUp(
    collection: string,
    before: Freshness | undefined,
    { raw, sink, source }: Pick<Freshness, 'source'> & { raw: Offsets; sink: Offsets },
  ): Promise<'new' | 'lost' | 'other topics' | 'processed again' | 'stored again' | undefined> {
    if (before === undefined) {
      // The sink has stored something, and nothing is there.
      const hasStored = sink.some((offset) => (offset ?? 0) > 0);
      return hasStored && (await this.#options.record.isEmpty(collection)) ? 'lost' : 'new';
    }
    if (before.source !== source) return 'other topics';
    if (isBehind(raw, before.raw)) return 'processed again';
    return isBehind(sink, before.sink) ? 'stored again' : undefined;
  }

  async #advance(reached: ReadonlyMap<string, Reached>, { processor, sinks }: Look): Promise<void> {
    const { record, raw } = this.#options;
    const known = this.#known ?? new Map<string, Freshness>();
    const advanced: Freshness[] = [];
    for (const [collection, { at, rawEnds }] of reached) {
      const before = known.get(collection);
      if (before === undefined || before.lost) continue;
      const asOf = new Date(Math.max(at, before.asOf?.getTime() ?? 0));
      const positions = {
        raw: recorded(processor.get(raw) ?? []),
        sink: recorded(sinks.get(collection) ?? []),
      };
      // Older moments may be reached later: after a restart, or where the processor has read again.
      const final = rawEnds.map((end, partition) => Math.max(end, before.final?.[partition] ?? 0));
      advanced.push({ ...before, ...positions, asOf, final, catchingUp: false });
    }
    if (await record.advance(advanced)) for (const one of advanced) known.set(one._id, one);
    else this.#known = undefined;
  }
}
