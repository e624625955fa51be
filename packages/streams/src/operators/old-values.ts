// Whether a table's changes must carry old values: switched on by what comes after it.
// Source: Kafka Streams' KTableImpl#enableSendingOldValues, and KTableSource#materialize.

/** What a table says when a step behind it asks for old values, or reads its rows. */
interface Table {
  /** Whether changes carry old values from now on. They must where the step cannot do without. */
  ask: (mustHave: boolean) => boolean;
  read?: () => void;
}

/** Shared by a table and the steps that follow it; looked at when records are processed. */
export class OldValues {
  readonly #table: Table;
  #wanted = false;

  constructor(table: Table) {
    this.#table = table;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  /** A step behind the table cannot do without old values. */
  want(): void {
    this.#ask(true);
  }

  /** A step behind the table does better with old values, where they cost nothing more. */
  wantIfKept(): void {
    this.#ask(false);
  }

  /** A step reads the rows of the table, so they are kept. */
  keep(): void {
    this.#table.read?.();
  }

  /** Those of a table whose rows are made of the rows of this one. */
  mapped(): OldValues {
    return new OldValues({ ask: (mustHave) => this.#ask(mustHave), read: () => this.keep() });
  }

  #ask(mustHave: boolean): boolean {
    this.#wanted ||= this.#table.ask(mustHave);
    return this.#wanted;
  }
}

/** Of an aggregate, which has its old values. */
export function oldAggregates(): OldValues {
  return new OldValues({ ask: () => true });
}

/**
 * Of a table that is read from a topic or a stream. In Kafka Streams its rows are kept only where it has the
 * name of a store, or a step needs them; without them, a filter passes on removals of rows that were never in
 * its result.
 */
export function oldRows(isNamed: boolean): OldValues {
  let isKept = isNamed;
  return new OldValues({
    ask(mustHave) {
      isKept ||= mustHave;
      return isKept;
    },
    read() {
      isKept = true;
    },
  });
}

/** Of a table that is made of others: these must carry old values too where it must. */
export function oldJoined(parents: readonly OldValues[]): OldValues {
  for (const parent of parents) parent.keep();
  return new OldValues({
    ask() {
      for (const parent of parents) parent.want();
      return true;
    },
  });
}
