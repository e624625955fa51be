// Whether a table's changes must carry old values: switched on by what comes after it.

/** Shared by a table and the steps that follow it; looked at when records are processed. */
export interface OldValues {
  wanted: boolean;
  /**
   * Whether a filter does not switch them on by itself, as in Kafka Streams where the table has no store
   * unless a later step needs it. The filter then passes on removals of rows that were never in its result.
   */
  readonly onlyWhereNeeded?: boolean;
}

/** Of a table that is made of others: these must carry old values too where it must. */
export class DerivedOldValues implements OldValues {
  readonly #parents: readonly OldValues[];
  #wanted = false;

  constructor(parents: readonly OldValues[]) {
    this.#parents = parents;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  set wanted(wanted: boolean) {
    this.#wanted = wanted;
    if (wanted) for (const parent of this.#parents) parent.wanted = true;
  }
}
