// Global counts: each partition counts its minutes by type, and sends the absolute counts on to be added up.
// One record for a partition's minute and commit goes through the repartition topic, however many events
// there were.
import {
  isoTime,
  windowSizes,
  type CountsByType,
  type EnrichedLog,
  type GlobalCount,
} from '@activity/contracts';
import type {
  KeyValueStore,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  WindowStore,
} from '@activity/streams';
import { minutesOpenMs } from './enrich.ts';
import { originOf, wholeFrom, type Origin } from './origin.ts';
import { withOneMore } from './count.ts';

/** One partition's absolute count of one minute. */
export interface MinutePart {
  partition: number;
  windowStart: number;
  byType: CountsByType;
}

/** The stores' names. */
export const minutesStore = 'minutes';
export const globalCountsStore = 'global-counts';

/** The minutes of a partition are one key of its store. */
const everyone = '';

/** Counts this partition's minutes; passes on those that changed, at each commit, by minute. */
export function countMinutes(): ProcessorSupplier<string, EnrichedLog, string, MinutePart> {
  return function createCountMinutes(): Processor<string, EnrichedLog, string, MinutePart> {
    let minutes: WindowStore<string, CountsByType>;
    let origin: () => Origin;
    return {
      init(given) {
        minutes = given.windowStore(minutesStore);
        origin = originOf(given);
        given.onCommit({
          beforeCommit() {
            for (const [, windowStart, { value, timestamp }] of minutes.written()) {
              // Not whole here: what is stored of it stays.
              if (value === undefined || windowStart < wholeFrom(origin())) continue;
              const part: MinutePart = { partition: given.partition, windowStart, byType: value };
              given.forward({ key: isoTime(windowStart), value: part, timestamp, headers: [] });
            }
          },
          afterAbort() {},
        });
      },
      process({ value: { activityType, late }, timestamp }) {
        // The late ones are among the late counts.
        if (late === true) return;
        const start = Math.floor(timestamp / windowSizes.minute) * windowSizes.minute;
        minutes.update(everyone, start, timestamp, (byType, mayChange) => {
          return withOneMore(byType, activityType, mayChange);
        });
      },
    };
  };
}

/**
 * How long minutes stay in the store: partitions that are read again may be as far apart as what the raw
 * topic keeps.
 */
const keptMs = 2 * minutesOpenMs;
/** How far back a task that begins looks for minutes to let go of. */
const sweptMs = 7 * windowSizes.day;

/**
 * Adds the partitions' counts up in the store, whose changelog is the global counts topic; passes nothing on.
 */
export function addMinutes(): ProcessorSupplier<string, MinutePart, string, never> {
  return function createAddMinutes(): Processor<string, MinutePart, string, never> {
    let context: ProcessorContext<string, never>;
    let counts: KeyValueStore<string, GlobalCount>;
    /** Minutes before this one have been let go of. */
    let swept: number | undefined;

    function sweep(until: number): void {
      let start = Math.max(0, swept ?? until - sweptMs);
      for (; start <= until; start += windowSizes.minute) {
        const old = globalCountId(start);
        if (counts.get(old)) counts.delete(old);
      }
      swept = start;
    }

    return {
      init(given) {
        context = given;
        counts = context.keyValueStore(globalCountsStore);
        context.onCommit({ beforeCommit() {}, afterAbort: () => (swept = undefined) });
      },
      process({ value, timestamp }) {
        const part: MinutePart | undefined = value;
        if (part === undefined) return context.deadLetter('invalid', 'not a count of a minute');
        const _id = globalCountId(part.windowStart);
        counts.update(_id, timestamp, (known) => withPart(known, part));
        sweep(part.windowStart - keptMs);
      },
    };
  };
}

function globalCountId(windowStart: number): string {
  return `minute|${isoTime(windowStart)}`;
}

/** A minute's count with the newest of one partition. */
function withPart(
  known: GlobalCount | undefined,
  { partition, windowStart, byType }: MinutePart,
): GlobalCount {
  const parts: Record<string, CountsByType> = { ...known?.parts, [partition]: byType };
  const sums: CountsByType = {};
  let total = 0;
  for (const part of Object.values(parts)) {
    for (const [type, count] of Object.entries(part)) {
      sums[type] = (sums[type] ?? 0) + count;
      total += count;
    }
  }
  return {
    _id: globalCountId(windowStart),
    size: 'minute',
    windowStart: isoTime(windowStart),
    windowEnd: isoTime(windowStart + windowSizes.minute),
    total,
    byType: sums,
    parts,
  };
}
