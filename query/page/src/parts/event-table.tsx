// Events as rows, the newest first; a row opens to show all that its event says.
import { Fragment } from 'preact';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Log } from '../data/answers.ts';
import type { Row } from '../data/rows.ts';
import { useNow } from '../data/use-now.ts';
import { hashOf, userPlace } from '../router.ts';
import { listTime, moment } from '../text/format.ts';
import { firstFields, valueText } from '../text/metadata.ts';
import { Icon } from './icon.tsx';
import { TypeBadge } from './type-badge.tsx';

interface EventTableProps {
  caption: string;
  rows: Row[];
  /** Not on a user's own page. */
  withUser?: boolean;
  /** Where there is little room. */
  short?: boolean;
}

/** What is known of where it came from. */
function origin({ client, place, bot }: Log): string {
  const country = [place?.city, place?.country].filter(Boolean).join(', ');
  return [bot === true ? 'robot' : undefined, client?.device, client?.browser, country]
    .filter(Boolean)
    .join(' · ');
}

/** The table. */
export function EventTable({ caption, rows, withUser = true, short = false }: EventTableProps): VNode {
  const now = useNow(60_000);
  const [open, setOpen] = useState<number>();
  const columns = withUser ? 6 : 5;
  return (
    <table class={withUser ? 'events' : 'events of-user'}>
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Type</th>
          {withUser && <th scope="col">User</th>}
          <th scope="col" class="wide">
            Metadata
          </th>
          {!short && (
            <th scope="col" class="widest">
              From
            </th>
          )}
          <th scope="col" class="toggle">
            <span class="hidden">Details</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ log, arrived }) => (
          <Fragment key={log._id}>
            <tr class={arrived ? 'arrived' : undefined}>
              <td class="time">
                <a href={eventHash(log)}>
                  <time dateTime={log.timestamp} title={moment(log.timestamp)}>
                    {listTime(log.timestamp, now)}
                  </time>
                </a>
              </td>
              <td>
                <TypeBadge type={log.activityType} />
              </td>
              {withUser && (
                <td class="user">
                  <a href={hashOf(userPlace(log.userId))}>{log.userId}</a>
                </td>
              )}
              <td class="wide quiet">{firstFields(log.metadata)}</td>
              {!short && <td class="widest quiet">{origin(log)}</td>}
              <td class="toggle">
                <button
                  type="button"
                  class="button plain"
                  aria-expanded={open === log._id}
                  aria-label={`Details of event ${log.eventId}`}
                  onClick={() => setOpen(open === log._id ? undefined : log._id)}
                >
                  <Icon name="down" />
                </button>
              </td>
            </tr>
            {open === log._id && (
              <tr class="details">
                <td colSpan={columns}>
                  <AllFields log={log} />
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

/** The address of an event's own view. */
function eventHash({ userId, eventId }: Log): string {
  return hashOf({ view: 'event', userId, eventId });
}

/** All that an event says, in its own words. */
function AllFields({ log }: { log: Log }): VNode {
  const from = origin(log);
  const fields = Object.entries(log.metadata);
  return (
    <dl class="fields">
      <div>
        <dt>Event</dt>
        <dd>
          <a href={eventHash(log)}>{log.eventId}</a>
        </dd>
      </div>
      <div>
        <dt>Happened</dt>
        <dd>{moment(log.timestamp)}</dd>
      </div>
      {from !== '' && (
        <div>
          <dt>From</dt>
          <dd>{from}</dd>
        </div>
      )}
      {fields.map(([name, value]) => (
        <div key={name} class="metadata">
          <dt>{name}</dt>
          <dd>{valueText(value)}</dd>
        </div>
      ))}
      {fields.length === 0 && <p class="quiet">No metadata</p>}
    </dl>
  );
}
