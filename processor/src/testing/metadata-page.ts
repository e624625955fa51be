// The table of docs/metadata.md, and the logs that its examples become on the test driver.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mmdbOf } from './mmdb.ts';
import { openPipeline } from './pipeline.ts';

/** A row of the table. */
export interface MetadataRow {
  field: string;
  example: Record<string, unknown>;
  becomes: Record<string, unknown>;
  /** Query strings of `GET /api/logs`. */
  filters: string[];
}

const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'metadata.md');

/** The table's rows. */
export function metadataRows(): MetadataRow[] {
  const [, table = ''] = readFileSync(page, 'utf8').split('<!-- checked');
  const rows = table
    .split('\n## ')[0]
    ?.matchAll(/^\| `([^`]+)` *\| `(\{.*?\})` *\| `(\{.*?\})` *\| (.+?) *\|$/gm);
  return [...(rows ?? [])].map(([, field = '', example = '', becomes = '', filters = '']) => ({
    field,
    example: JSON.parse(example) as Record<string, unknown>,
    becomes: JSON.parse(becomes) as Record<string, unknown>,
    filters: [...filters.matchAll(/`([^`]+)`/g)].map(([, filter = '']) => filter),
  }));
}

/** A MaxMind file that knows the network of the example. */
export function withPlaces<T>(use: (geoDatabase: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'metadata-page-'));
  const file = join(folder, 'city.mmdb');
  const london = { country: { iso_code: 'GB' }, city: { names: { en: 'London' } } };
  writeFileSync(file, mmdbOf({ '81.2.69.0/24': london }));
  try {
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The logs that page views with the rows' examples become; `eventId` is the row's number. */
export function logsOfRows(rows: readonly MetadataRow[]): Record<string, unknown>[] {
  return withPlaces((geoDatabase) => {
    const pipeline = openPipeline({ geoDatabase });
    const start = Date.parse('2026-03-01T12:00:00.000Z');
    for (const [index, { example: metadata }] of rows.entries()) {
      const at = new Date(start + index).toISOString();
      const event = { eventId: String(index), userId: 'u', activityType: 'PAGE_VIEW', metadata };
      pipeline.pipe('u', { ...event, timestamp: at, receivedAt: at }, start + index);
    }
    return pipeline.read('enriched').map(({ value }) => value ?? {});
  });
}
