// A Parquet file, written in row groups: memory holds one of them.
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { exportColumns, type Column, type ColumnKind } from './export-columns.ts';
import type { LogJson } from './log-json.ts';

/**
 * The most rows of a row group, and the characters of their texts with which it ends: writing it holds the
 * event loop for 20 to 30 ms.
 */
const groupRows = 4_096;
const groupLength = 2_097_152;

/** How Parquet has what a column holds. Times are UTC. */
const types: Readonly<Record<ColumnKind, Pick<SchemaElement, 'type' | 'converted_type' | 'logical_type'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  number: { type: 'INT64' },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  flag: { type: 'BOOLEAN' },
};

const schema: SchemaElement[] = [
  { name: 'log', num_children: exportColumns.length },
  ...exportColumns.map(({ name, kind, always }): SchemaElement => {
    return { name, repetition_type: always === true ? 'REQUIRED' : 'OPTIONAL', ...types[kind] };
  }),
];

function cellOf({ kind, value }: Column, log: LogJson): unknown {
  const found = value(log);
  if (found === undefined) return undefined;
  switch (kind) {
    case 'number':
      return BigInt(found);
    case 'time':
      return new Date(String(found));
    case 'flag':
      return found;
    case 'text':
      return String(found);
  }
}

/** Writes a file piece by piece. */
export class ParquetFile {
  readonly #bytes = new ByteWriter();
  readonly #writer = new ParquetWriter({ writer: this.#bytes, schema, createdBy: 'activity-pipeline' });
  #columns: unknown[][] = exportColumns.map(() => []);
  #rows = 0;
  #length = 0;

  /** Adds a row. Returns about how long its texts are. */
  add(log: LogJson): number {
    let length = 0;
    for (const [index, column] of exportColumns.entries()) {
      const cell = cellOf(column, log);
      this.#columns[index]?.push(cell);
      length += typeof cell === 'string' ? cell.length : 8;
    }
    this.#rows++;
    this.#length += length;
    if (this.#rows >= groupRows || this.#length >= groupLength) this.#endGroup();
    return length;
  }

  /** The bytes that were written since it was called last. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.getBytes());
    this.#bytes.index = 0;
    return taken;
  }

  /** The last bytes of the file. */
  end(): Buffer {
    this.#endGroup();
    void this.#writer.finish();
    return this.take();
  }

  #endGroup(): void {
    if (this.#rows === 0) return;
    const columnData = exportColumns.map(({ name, kind, always }, index) => {
      // Bounds of numbers and times are what readers pass over row groups by.
      const statistics = always === true && kind !== 'text';
      return { name, data: this.#columns[index] ?? [], offsetIndex: false, statistics };
    });
    void this.#writer.write({ columnData, rowGroupSize: this.#rows });
    this.#columns = exportColumns.map(() => []);
    this.#rows = 0;
    this.#length = 0;
  }
}
