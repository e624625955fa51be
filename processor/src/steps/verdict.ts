// What became of a raw record: one verdict for each, which the ledger adds up.
import type { LedgerClass } from '@activity/contracts';

/** The fate of the raw record that is being processed. */
export interface Verdict {
  readonly class: LedgerClass;
  readonly late?: true;
  /** When the log expires, in epoch milliseconds; absent: never. */
  readonly expiresAt?: number;
  /** The raw offset of the log that the command deletes. */
  readonly deletes?: number;
  readonly erases?: true;
}

/** The name of the outputs that verdicts come out of. */
export const verdictOutput = 'verdict';

/** The counts of an entry of the ledger that has none yet. */
export const noVerdicts = {
  enriched: 0,
  duplicate: 0,
  deadLettered: 0,
  command: 0,
  late: 0,
  deleted: 0,
  erased: 0,
};

/** Verdicts that are always the same. */
export const verdicts: Record<'enriched' | 'late' | 'duplicate' | 'deadLettered' | 'erasure', Verdict> = {
  enriched: { class: 'enriched' },
  late: { class: 'enriched', late: true },
  duplicate: { class: 'duplicate' },
  deadLettered: { class: 'deadLettered' },
  erasure: { class: 'command', erases: true },
};
