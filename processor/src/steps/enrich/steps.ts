// The enrichments by name, in their order, and which of them are on.
import type { NamedStep } from '../enrich.ts';
import { address } from './address.ts';
import { bot, client } from './client.ts';
import { page } from './page.ts';
import { place } from './place.ts';
import { privacy, type PrivacyOptions } from './privacy.ts';

/** Every enrichment that can be switched off; `session` is part of `enrich` itself. */
export const enrichments = ['client', 'bot', 'address', 'place', 'page', 'session'] as const;
/** The name of an enrichment. */
export type Enrichment = (typeof enrichments)[number];

/** What the steps are made of. */
export interface StepsOptions {
  off: readonly Enrichment[];
  /** A MaxMind file; undefined: no places. */
  geoDatabase: string | undefined;
  privacy: PrivacyOptions;
}

/** The steps that are on. Personal data is protected last, whatever is off. */
export function enrichSteps({ off, geoDatabase, privacy: options }: StepsOptions): NamedStep[] {
  const steps: NamedStep[] = [
    { name: 'client', step: client() },
    { name: 'bot', step: bot() },
    { name: 'address', step: address() },
    { name: 'page', step: page() },
  ];
  if (geoDatabase !== undefined && !off.includes('place'))
    steps.push({ name: 'place', step: place(geoDatabase) });
  const on = steps.filter(({ name }) => !(off as readonly string[]).includes(name));
  const { ip, dropFields, hashFields } = options;
  const nothingToHide = ip === 'keep' && dropFields.length === 0 && hashFields.length === 0;
  return nothingToHide ? on : [...on, { name: 'privacy', step: privacy(options) }];
}
