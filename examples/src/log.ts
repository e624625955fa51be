// What the readers know of a record of the enriched topic. Fields may be added to it at any time.

/** A log, or the marker of a deleted one. */
export type LogRecord =
  | { _id: number; userId: string; activityType: string; timestamp: string; late?: true }
  | { _id: number; deletedAt: string };

/** Logs by their number: reading one twice changes nothing, a marker takes it away. */
export class LogTable {
  readonly #logs = new Map<number, LogRecord>();

  /** Takes a record in; returns a line that says what it was. */
  put(value: Buffer): string {
    const record = JSON.parse(value.toString('utf8')) as LogRecord;
    if ('deletedAt' in record) {
      this.#logs.delete(record._id);
      return `${record._id} deleted; ${this.#logs.size} logs`;
    }
    this.#logs.set(record._id, record);
    const { _id, userId, activityType, timestamp } = record;
    return `${_id} ${timestamp} ${userId} ${activityType}; ${this.#logs.size} logs`;
  }
}
