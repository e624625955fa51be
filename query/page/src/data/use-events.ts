// The hook behind a filtered list of events: live where its time has no end and it shows the newest.
import { useMemo } from 'preact/hooks';
import { parametersOf } from '../router.ts';
import type { EventFilter } from '../router.ts';
import { serverNow } from './api.ts';
import { useLiveList } from './use-live-list.ts';
import type { LiveList } from './use-live-list.ts';

/** A list with what the API was asked for. */
export interface EventList extends LiveList {
  /** The parameters of the filter alone. */
  query: string;
  live: boolean;
}

/** Reads the events of a filter; without one, nothing. */
export function useEvents(filter: EventFilter | undefined, { limit }: { limit: number }): EventList {
  const key = JSON.stringify(filter);
  // Spans that end now begin where they did when the filter was chosen:
  // a moving beginning would be another list.
  const query = useMemo(
    () => (filter === undefined ? undefined : parametersOf(filter, serverNow()).toString()),
    [key],
  );
  const cursor = filter?.cursor ?? '';
  const live = filter !== undefined && cursor === '' && (filter.range !== 'custom' || filter.to === '');
  return { ...useLiveList(query, { limit, cursor, live }), query: query ?? '', live };
}
