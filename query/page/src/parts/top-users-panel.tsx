// The busiest users of a time.
import type { VNode } from 'preact';
import type { TopUsers } from '../data/answers.ts';
import { useNow } from '../data/use-now.ts';
import { useResource } from '../data/use-resource.ts';
import type { Range, Shown } from '../range.ts';
import { hashOf } from '../router.ts';
import { ago, count } from '../text/format.ts';
import { Loaded, Panel } from './panel.tsx';
import { rangeText } from './range-bar.tsx';
import { Empty } from './states.tsx';

const everyMs = 10_000;

/** Spans that end now have counts of their own; other times are added up from hours and days. */
function pathOf({ span }: Range, { from, to }: Shown): string {
  const query = new URLSearchParams({ limit: '10' });
  if (span === '1h' || span === '24h') query.set('window', span);
  else {
    query.set('from', new Date(from).toISOString());
    if (to !== undefined) query.set('to', new Date(to).toISOString());
  }
  return `/api/stats/top-users?${query.toString()}`;
}

/** The panel. */
export function TopUsersPanel({ range, shown }: { range: Range; shown: Shown }): VNode {
  const top = useResource<TopUsers>(pathOf(range, shown), everyMs);
  const now = useNow(5_000);
  return (
    <Panel title={`Top users, ${rangeText(range)}`} className="area-users">
      <Loaded reading={top} lines={10}>
        {({ users }) =>
          users.length === 0 ? (
            <Empty title="Nobody was active in this time" />
          ) : (
            <table>
              <caption class="hidden">The users with the most events</caption>
              <thead>
                <tr>
                  <th scope="col">User</th>
                  <th scope="col" class="number">
                    Events
                  </th>
                  <th scope="col" class="number">
                    Last seen
                  </th>
                </tr>
              </thead>
              <tbody>
                {users.map(({ userId, total, lastSeen }) => (
                  <tr key={userId}>
                    <td class="user">
                      <a href={hashOf({ view: 'user', userId, range, type: '' })}>{userId}</a>
                    </td>
                    <td class="number">{count(total)}</td>
                    <td class="number quiet">{lastSeen === undefined ? '–' : ago(lastSeen, now)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </Panel>
  );
}
