// Events as rows, the newest first.
import type { VNode } from 'preact';
import type { Log } from '../data/answers.ts';
import type { Row } from '../data/rows.ts';
import { useNow } from '../data/use-now.ts';
import { hashOf } from '../router.ts';
import { listTime, moment } from '../text/format.ts';
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
  return (
    <table class={withUser ? 'events' : 'events of-user'}>
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Type</th>
          {withUser && <th scope="col">User</th>}
          <th scope="col" class="wide">
            From
          </th>
          {!short && (
            <th scope="col" class="widest">
              Event
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ log, arrived }) => (
          <tr key={log._id} class={arrived ? 'arrived' : undefined}>
            <td class="time">
              <a href={hashOf({ view: 'event', userId: log.userId, eventId: log.eventId })}>
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
                <a href={hashOf({ view: 'user', userId: log.userId })}>{log.userId}</a>
              </td>
            )}
            <td class="wide quiet">{origin(log)}</td>
            {!short && <td class="widest id quiet">{log.eventId}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
