// The hook behind every list of events: a page of what is stored, then what comes.
import { useEffect, useReducer } from 'preact/hooks';
import type { LogPage } from './answers.ts';
import { noRows, reduceRows } from './rows.ts';
import type { Rows } from './rows.ts';
import { useResource } from './use-resource.ts';
import type { Reading } from './use-resource.ts';
import { useTail } from './use-tail.ts';
import type { TailState } from './use-tail.ts';

/** A list of events that may be live. */
export interface LiveList {
  page: Reading<LogPage>;
  rows: Rows;
  tail: TailState;
  pause: () => void;
  resume: () => void;
}

/**
 * Reads the logs of `query`, and the tail with the same filters where the list is live;
 * without a query, nothing.
 */
export function useLiveList(
  query: string | undefined,
  options: { limit: number; cursor?: string; live: boolean },
): LiveList {
  const { limit, cursor = '', live } = options;
  const [rows, dispatch] = useReducer(reduceRows, noRows);
  const parameters = new URLSearchParams(query);
  parameters.set('limit', String(limit));
  if (cursor !== '') parameters.set('cursor', cursor);
  const path = query === undefined ? undefined : `/api/logs?${parameters.toString()}`;
  const page = useResource<LogPage>(path);
  const tail = useTail(live ? query : undefined, {
    // What was stored between reading the page and the tail's beginning would be in neither.
    opened: page.again,
    arrived: (logs) => dispatch({ type: 'arrived', logs }),
  });
  useEffect(() => dispatch({ type: 'reset' }), [path]);
  useEffect(() => {
    if (page.data && !page.changing) dispatch({ type: 'read', logs: page.data.data });
  }, [page.data, page.changing]);
  return {
    // The rows are gone already: what was answered before would stand beside an empty list.
    page: page.changing ? { ...page, data: undefined } : page,
    rows,
    tail,
    pause: () => dispatch({ type: 'pause' }),
    resume: () => dispatch({ type: 'resume' }),
  };
}
