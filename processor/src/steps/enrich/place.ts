// place: country and city of the address in `metadata.ip`, by a MaxMind database file.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Place } from '@activity/contracts';
import { Reader, type CityResponse } from 'maxmind';
import type { EnrichStep } from '../enrich.ts';
import { withoutMapping } from './address.ts';
import { metadataText } from './metadata-text.ts';

type Cache = NonNullable<NonNullable<ConstructorParameters<typeof Reader>[1]>['cache']>;

/** Keeps decoded records of the file, as many as `max`, and then starts again. */
function decodedRecords(max: number): Cache {
  const known = new Map<string | number, unknown>();
  return {
    get: (position) => known.get(position),
    set(position, record) {
      if (known.size >= max) known.clear();
      known.set(position, record);
    },
  };
}

/**
 * Adds `place`. The file (City or Country, .mmdb) is read once.
 * @throws Error where there is no such file, or it is none of MaxMind's.
 */
export function place(databasePath: string): EnrichStep {
  const reader = new Reader<CityResponse>(readFileSync(databasePath), { cache: decodedRecords(6_000) });
  return function addPlace(log): void {
    const ip = metadataText(log, 'ip', 64);
    if (ip === undefined || isIP(ip) === 0) return;
    const found = reader.get(withoutMapping(ip));
    const country = found?.country?.iso_code;
    const city = found?.city?.names.en;
    if (country === undefined && city === undefined) return;
    const answer: Place = {};
    if (country !== undefined) answer.country = country;
    if (city !== undefined) answer.city = city;
    log.place = answer;
  };
}
