// place: country and city of the address in `metadata.ip`, by a MaxMind database file.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Place } from '@activity/contracts';
import { Reader, type CityResponse } from 'maxmind';
import type { EnrichStep } from '../enrich.ts';
import { metadataText } from './metadata-text.ts';

/**
 * Adds `place`. The file (City or Country, .mmdb) is read once.
 * @throws Error where there is no such file, or it is none of MaxMind's.
 */
export function place(databasePath: string): EnrichStep {
  const reader = new Reader<CityResponse>(readFileSync(databasePath), { cache: { max: 6_000 } } as never);
  return function addPlace(log): void {
    const ip = metadataText(log, 'ip', 64);
    if (ip === undefined || isIP(ip) === 0) return;
    const found = reader.get(ip);
    const country = found?.country?.iso_code;
    const city = found?.city?.names.en;
    if (country === undefined && city === undefined) return;
    const answer: Place = {};
    if (country !== undefined) answer.country = country;
    if (city !== undefined) answer.city = city;
    log.place = answer;
  };
}
