// Identity: how a log's numeric id follows from where its raw record is.

/** Partitions of the raw topic that ids leave room for. */
export const maxPartitions = 1024;

/**
 * The stored log's `_id`: `offset * 1024 + partition`. Unique in the raw topic, growing with time within a
 * partition, and the same whenever the raw topic is processed again.
 *
 * @throws RangeError where the position does not fit into a safe integer.
 */
export function logId(partition: number, offset: bigint | number): number {
  const id = Number(offset) * maxPartitions + partition;
  if (partition < 0 || partition >= maxPartitions || !Number.isSafeInteger(id) || id < 0) {
    throw new RangeError(`no log id for partition ${partition}, offset ${offset}`);
  }
  return id;
}

/** The raw position that a log id names: the inverse of {@link logId}. */
export function rawPosition(id: number): { partition: number; offset: number } {
  return { partition: id % maxPartitions, offset: Math.floor(id / maxPartitions) };
}

/**
 * The `_id` of the marker that an erasure leaves behind a user's logs, and of a record that merges sessions:
 * below 0, so that no log has it and no command that deletes a log can name it.
 */
export function fenceId(id: number): number {
  return -1 - id;
}

/** The `_id` of a window's document and the key of its record: `user|size|windowStart`. */
export function windowId(userId: string, size: WindowSize, windowStart: string): string {
  return `${userId}|${size}|${windowStart}`;
}

/**
 * The `_id` of a part of a window's count: of what came after the window's own count had been finished, on a
 * day (UTC) by the broker's clock. It is summed with the count when it is read.
 */
export function lateCountId(ofWindow: string, day: string): string {
  return `${ofWindow}|late|${day}`;
}

/** The user id of late counts of all users: no user has it. Each partition of the raw topic has its own. */
export const everyone = '';

/** The sizes of the tumbling windows and their lengths in milliseconds. */
export const windowSizes = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
/** A window's size by name. */
export type WindowSize = keyof typeof windowSizes;
/** The size of a late part of a window's count: see {@link lateCountId}. */
export type LateSize = `late-${WindowSize}`;

/** The sizes of the counts that make up a window: its own count, and its late parts. */
export function sizesOf(size: WindowSize): [WindowSize, LateSize] {
  return [size, `late-${size}`];
}
