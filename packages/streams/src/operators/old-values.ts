// Whether a table's changes must carry old values: switched on by what comes after it.

/** Shared by a table and the steps that follow it; looked at when records are processed. */
export interface OldValues {
  wanted: boolean;
}
