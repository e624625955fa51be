// page: where a PAGE_VIEW came from: the referring host,
// and the campaign in `utm_…` of its URL or its metadata.
import type { PageSource } from '@activity/contracts';
import type { EnrichStep } from '../enrich.ts';
import { metadataText } from './metadata-text.ts';

const fields = ['source', 'medium', 'campaign', 'term', 'content'] as const;
const maxLength = 256;

/** Adds `page` to page views that say something of it. */
export function page(): EnrichStep {
  return function addPage(log): void {
    if (log.activityType !== 'PAGE_VIEW') return;
    const answer: PageSource = {};
    let any = false;
    const referrer = hostOf(metadataText(log, 'referrer'));
    if (referrer !== undefined) {
      answer.referrer = referrer;
      any = true;
    }
    const query = queryOf(metadataText(log, 'url') ?? metadataText(log, 'page'));
    for (const field of fields) {
      const value =
        metadataText(log, `utm_${field}`, maxLength) ?? query?.get(`utm_${field}`)?.slice(0, maxLength);
      if (!value?.isWellFormed()) continue;
      answer[field] = value;
      any = true;
    }
    if (any) log.page = answer;
  };
}

function hostOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const host = URL.parse(url)?.hostname;
  return host === '' ? undefined : host?.slice(0, maxLength);
}

function queryOf(url: string | undefined): URLSearchParams | undefined {
  const mark = url?.indexOf('?utm_') ?? -1;
  const start = mark >= 0 || url?.includes('&utm_') ? (url?.indexOf('?') ?? -1) : -1;
  if (url === undefined || start < 0) return undefined;
  const hash = url.indexOf('#', start);
  return new URLSearchParams(url.slice(start + 1, hash < 0 ? undefined : hash));
}
