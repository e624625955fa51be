// Events: all that is stored, narrowed down, with the live tail on top.
import type { VNode } from 'preact';
import type { LogPage } from '../data/answers.ts';
import { useEvents } from '../data/use-events.ts';
import { EventFilters } from '../parts/event-filters.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { Loaded } from '../parts/panel.tsx';
import { Empty } from '../parts/states.tsx';
import { FirstEvent } from '../parts/first-event.tsx';
import { TailSwitch } from '../parts/tail-switch.tsx';
import { hashOf, noFilter } from '../router.ts';
import type { EventFilter } from '../router.ts';
import { count } from '../text/format.ts';
import { go } from '../use-place.ts';

const pageSize = 50;

/** The view. */
export function EventsView({ filter }: { filter: EventFilter }): VNode {
  const first = filter.cursor === '';
  const list = useEvents(filter, { limit: pageSize });
  const { live, query } = list;
  const filtered = JSON.stringify({ ...filter, cursor: '' }) !== JSON.stringify(noFilter);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Events</h1>
        <TailSwitch list={list} />
      </div>
      <EventFilters
        filter={filter}
        onChange={(next) => go({ view: 'events', filter: { ...next, cursor: '' } })}
      />
      <div class="panel">
        <Loaded reading={list.page} lines={12}>
          {(page) =>
            list.rows.shown.length === 0 && page.data.length === 0 ? (
              filtered || !first ? (
                <Empty title="No event matches">
                  <p>
                    {live
                      ? 'One that does will show here as it comes.'
                      : 'Change the filters, or take them away.'}
                  </p>
                  <p>
                    <a href={hashOf({ view: 'events', filter: noFilter })}>Show all events</a>
                  </p>
                </Empty>
              ) : (
                <FirstEvent />
              )
            ) : (
              <>
                <div class="panel-head">
                  <p class="quiet">{totalText(page, list.rows.arrivals)}</p>
                  <ExportLinks query={query} />
                </div>
                <EventTable caption="Events, the newest first" rows={list.rows.shown} />
                <Pages filter={filter} page={page} />
              </>
            )
          }
        </Loaded>
      </div>
    </>
  );
}

/** How many there are; those that came since are counted on top, unless the number is rough anyway. */
function totalText({ pagination: { total, totalIs } }: LogPage, arrivals: number): string {
  const about = totalIs === 'estimate';
  const all = about ? total : total + arrivals;
  return `${about ? 'About ' : ''}${count(all)} ${all === 1 ? 'event' : 'events'}, newest first`;
}

function ExportLinks({ query }: { query: string }): VNode {
  const link = (format: string): string =>
    `/api/logs/export?format=${format}${query === '' ? '' : `&${query}`}`;
  return (
    <p class="exports">
      Export{' '}
      <a href={link('csv')} download>
        CSV
      </a>{' '}
      <a href={link('ndjson')} download>
        NDJSON
      </a>
    </p>
  );
}

function Pages({ filter, page }: { filter: EventFilter; page: LogPage }): VNode | null {
  const { next, prev } = page.pagination;
  if (next === null && prev === null) return null;
  const to = (cursor: string): string => hashOf({ view: 'events', filter: { ...filter, cursor } });
  return (
    <nav class="pages" aria-label="Pages">
      {prev === null ? (
        <span />
      ) : (
        <a class="button" href={to(prev)}>
          Newer
        </a>
      )}
      {filter.cursor !== '' && <a href={to('')}>Newest</a>}
      {next === null ? (
        <span />
      ) : (
        <a class="button" href={to(next)}>
          Older
        </a>
      )}
    </nav>
  );
}
