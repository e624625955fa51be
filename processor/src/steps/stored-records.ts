// How stores read the topics that are published too: records of the pipeline's own, and nothing for whatever
// else is there.
import type { Serde, TextSerde } from '@activity/streams';
import type { GlobalCount } from '@activity/contracts';
import type { UserRecord } from './count.ts';
import type { MinutePart } from './global-count.ts';

type Fields = Record<string, unknown>;

/**
 * JSON whose shape is looked at when it is read. Others may write to the topic: what is no record of the
 * pipeline's is read as undefined, so that it cannot stop the processor.
 */
function checkedSerde<T extends object>(isRecord: (fields: Fields) => boolean): TextSerde<T> {
  // Stores and steps take undefined for a value that is not there, as in a record without one.
  const nothing = undefined as unknown as T;
  return {
    format: 'text',
    serialize: (value) => JSON.stringify(value),
    deserialize(text) {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return nothing;
      }
      return isFields(value) && isRecord(value) ? (value as T) : nothing;
    },
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areCounts(value: unknown): boolean {
  return isFields(value) && Object.values(value).every(isCount);
}

const userSerde = checkedSerde<UserRecord>((user) => {
  if ('deletedAt' in user) return typeof user['deletedAt'] === 'string' && isCount(user['by']);
  const { total, byType, rolling, firstSeen, lastSeen, lastId } = user;
  const areTimes = typeof firstSeen === 'string' && typeof lastSeen === 'string';
  return (
    areTimes && isCount(total) && areCounts(byType) && areCounts(rolling) && Number.isSafeInteger(lastId)
  );
});

/** The users' records, written when a commit begins. */
export const userRecordSerde: Serde<UserRecord> = { ...userSerde, textLength: 300 };

/** The counts of all users. */
export const globalCountSerde: Serde<GlobalCount> = checkedSerde<GlobalCount>(
  ({ parts }) => isFields(parts) && Object.values(parts).every(areCounts),
);

/** One partition's counts of a minute, on their way to be added up. */
export const minutePartSerde: Serde<MinutePart> = checkedSerde<MinutePart>(
  ({ partition, windowStart, byType }) => isCount(partition) && isCount(windowStart) && areCounts(byType),
);
