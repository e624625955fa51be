// The activity topology on the test driver: raw records in, every topic out.
import { defaultActivityTypes, defaultTopics } from '@activity/contracts';
import {
  bytesSerde,
  jsonSerde,
  stringSerde,
  type RecordHeaders,
  type RuntimeMetrics,
} from '@activity/streams';
import { TopologyTestDriver, type OutputRecord } from '@activity/streams/testing';
import activityTopology, { type ActivityOptions } from '../topologies/activity.ts';

/** The options of tests, unless they say otherwise. */
const plainOptions: ActivityOptions = {
  topics: defaultTopics,
  dedupeMs: 24 * 3_600_000,
  graceMs: 600_000,
  countStateMs: 48 * 3_600_000,
  activityTypes: defaultActivityTypes,
  unknownTypes: 'refuse',
  maxBytes: 262_144,
  suppressErased: false,
  off: [],
  geoDatabase: undefined,
  privacy: { ip: 'keep', dropFields: [], hashFields: [], hashKey: '' },
  retention: { days: undefined, daysByType: {} },
  cloudEventsSource: undefined,
  countTypes: false,
};

/** A record of a derived topic, its value parsed. */
export type Output = OutputRecord<string, Record<string, unknown>>;

/** A topology under test. */
export interface TestPipeline {
  readonly driver: TopologyTestDriver;
  /**
   * Writes a raw record; objects are written as JSON. `at` is its own timestamp: when the edge received it.
   */
  readonly pipe: (
    key: string | undefined,
    value: object | string | Buffer | undefined,
    at: number,
    options?: { partition?: number; headers?: RecordHeaders },
  ) => void;
  /** What is new in a derived topic. */
  readonly read: (topic: Exclude<keyof typeof defaultTopics, 'raw' | 'deadLetter'>) => Output[];
  /** What is new in the dead letters. */
  readonly deadLetters: () => OutputRecord<Buffer, Buffer>[];
}

/** What a test may choose. */
export interface TestPipelineOptions extends Partial<ActivityOptions> {
  partitions?: number;
  commits?: 'each' | 'manual';
  now?: number;
  metrics?: Partial<RuntimeMetrics>;
}

/** Opens the topology on a test driver. */
export function openPipeline({
  partitions = 1,
  commits = 'each',
  now = 0,
  metrics = {},
  ...options
}: TestPipelineOptions = {}): TestPipeline {
  const driver = new TopologyTestDriver(activityTopology({ ...plainOptions, ...options }), {
    partitions,
    commits,
    now,
    metrics,
    failures: { deadLetterTopic: defaultTopics.deadLetter },
  });
  const raw = driver.input(defaultTopics.raw, { key: stringSerde, value: bytesSerde });
  const json = { key: stringSerde, value: jsonSerde<Record<string, unknown>>() };
  const outputs = new Map(
    Object.values(defaultTopics).map((topic) => [topic, driver.output(topic, json)] as const),
  );
  const letters = driver.output(defaultTopics.deadLetter, { key: bytesSerde, value: bytesSerde });
  return {
    driver,
    pipe(key, value, at, pipeOptions) {
      raw.pipe(key, bytesOf(value), at, pipeOptions);
    },
    read: (topic) => outputs.get(defaultTopics[topic])?.readAll() ?? [],
    deadLetters: () => letters.readAll(),
  };
}

/** Topics that are stores under every application id. */
const sharedTopics = [defaultTopics.users, defaultTopics.globalCounts, defaultTopics.decisions];

/**
 * Makes a new pipeline another application id than one that ran before: it finds what that one left in the
 * topics that are stores, and reads the raw topic from an offset on.
 */
export function takeOver(
  { driver }: TestPipeline,
  before: TestPipeline,
  { partitions = 1, from = 0 }: { partitions?: number; from?: number },
): void {
  for (const topic of sharedTopics) {
    const to = driver.input(topic, { key: bytesSerde, value: bytesSerde });
    for (let partition = 0; partition < partitions; partition++) {
      for (const { key, value, timestamp } of before.driver.log.records(topic, partition)) {
        to.pipe(key ?? undefined, value ?? undefined, timestamp, { partition });
      }
    }
  }
  for (let partition = 0; partition < partitions; partition++) {
    driver.log.startAt(defaultTopics.raw, partition, from);
  }
  driver.crash();
}

/** The stores whose changelogs hold a key of a user's after compaction. */
export function storesOf({ log }: TopologyTestDriver, userId: string): string[] {
  const changelogs = log.topics().filter((topic) => topic.endsWith('-changelog'));
  const found = changelogs.filter((topic) => {
    const newest = new Map(log.records(topic, 0).map(({ key, value }) => [String(key), value]));
    return [...newest].some(([key, value]) => key.includes(userId) && value !== null);
  });
  return found.map((topic) => topic.replaceAll(/^test-|-changelog$/g, ''));
}

function bytesOf(value: object | string | Buffer | undefined): Buffer | undefined {
  if (value === undefined || Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The text of a header. */
export function headerOf({ headers }: { headers: RecordHeaders }, name: string): string | undefined {
  const found = headers.findLast(({ key }) => key === name)?.value;
  return found ? Buffer.from(found).toString('utf8') : undefined;
}
