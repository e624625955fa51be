// The overview: what happens now, and how much of it.
import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { Ledger, Overview, Pipeline, TopUsers } from '../data/answers.ts';
import type { Reading } from '../data/use-resource.ts';
import { useLiveList } from '../data/use-live-list.ts';
import { useResource } from '../data/use-resource.ts';
import { useNow } from '../data/use-now.ts';
import { Choice } from '../parts/choice.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { FirstEvent } from '../parts/first-event.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { StageStrip } from '../parts/stage-strip.tsx';
import { Empty, Failed } from '../parts/states.tsx';
import { TailSwitch } from '../parts/tail-switch.tsx';
import { eventTiles, Tiles } from '../parts/tiles.tsx';
import { TimelinePanel } from '../parts/timeline-panel.tsx';
import { TypeBars } from '../parts/type-bars.tsx';
import { hashOf, noFilter } from '../router.ts';
import { ago, count, counted } from '../text/format.ts';

const everyMs = 5_000;
const tailRows = 10;

/** The view. */
export function OverviewView({ pipeline }: { pipeline: Reading<Pipeline> }): VNode {
  const overview = useResource<Overview>('/api/stats/overview', everyMs);
  const [type, setType] = useState<string>();
  const list = useLiveList('', { limit: tailRows, live: true });
  const types = useMemo(() => sharesOf(overview.data?.byType ?? {}), [overview.data]);
  if (overview.data === undefined && overview.error) {
    return (
      <>
        <h1 tabIndex={-1}>Overview</h1>
        <Failed error={overview.error} again={overview.again} />
      </>
    );
  }
  const empty = overview.data?.events.total === 0 && list.rows.shown.length === 0;
  return (
    <>
      <h1 tabIndex={-1} class="hidden">
        Overview
      </h1>
      <OverviewTiles overview={overview.data} />
      {empty ? (
        <FirstEvent />
      ) : (
        <div class="overview">
          <TimelinePanel
            path="/api/stats/timeline"
            highlight={type}
            everyMs={10_000}
            className="area-chart"
          />
          <Panel title="Types, last 24 hours" className="area-types">
            <Loaded reading={overview} lines={7}>
              {() =>
                types.length === 0 ? (
                  <Empty title="No events in the last 24 hours" />
                ) : (
                  <TypeBars
                    caption="Events by type, last 24 hours"
                    types={types}
                    chosen={type}
                    onChoose={setType}
                  />
                )
              }
            </Loaded>
          </Panel>
          <Panel title="Live" className="area-live" aside={<TailSwitch list={list} />}>
            <Loaded reading={list.page} lines={tailRows}>
              {() => (
                <>
                  <EventTable caption="The latest events" rows={list.rows.shown.slice(0, tailRows)} short />
                  <p class="panel-foot">
                    <a href={hashOf({ view: 'events', filter: noFilter })}>All events</a>
                  </p>
                </>
              )}
            </Loaded>
          </Panel>
          <TopUsersPanel />
        </div>
      )}
      <Panel title="Pipeline" aside={<a href="#/pipeline">Details</a>}>
        <Loaded reading={pipeline} lines={2}>
          {(data) => (
            <>
              <StageStrip pipeline={data} />
              <p class="quiet panel-foot">Last hour: {ledgerText(data.lastHour)}</p>
            </>
          )}
        </Loaded>
      </Panel>
    </>
  );
}

/** What became of records, without what did not happen. */
function ledgerText({ enriched, duplicate, deadLettered, late }: Ledger): string {
  return [
    `${count(enriched)} stored`,
    duplicate > 0 && counted(duplicate, 'duplicate'),
    late > 0 && `${count(late)} late`,
    deadLettered > 0 && counted(deadLettered, 'dead letter'),
  ]
    .filter(Boolean)
    .join(' · ');
}

function sharesOf(byType: Record<string, number>): { activityType: string; total: number; share: number }[] {
  const all = Object.values(byType).reduce((sum, one) => sum + one, 0);
  return Object.entries(byType)
    .toSorted(([, a], [, b]) => b - a)
    .map(([activityType, total]) => ({ activityType, total, share: total / all }));
}

function OverviewTiles({ overview }: { overview: Overview | undefined }): VNode {
  const { events, users } = overview ?? {};
  return (
    <Tiles
      tiles={[
        ...eventTiles(events ?? {}),
        {
          label: 'Users in 24 hours',
          value: users?.daily,
          ...(users && {
            more: `7 d ${count(users.weekly)} · 30 d ${count(users.monthly)} · ever ${count(users.known)}`,
          }),
        },
      ]}
    />
  );
}

const windows = [
  { value: '5m', label: '5 min', spoken: 'Last 5 minutes' },
  { value: '1h', label: '1 h', spoken: 'Last hour' },
  { value: '24h', label: '24 h', spoken: 'Last 24 hours' },
  { value: 'all', label: 'All', spoken: 'All time' },
] as const;

function TopUsersPanel(): VNode {
  const [window, setWindow] = useState<(typeof windows)[number]['value']>('24h');
  const top = useResource<TopUsers>(`/api/stats/top-users?window=${window}&limit=10`, everyMs);
  const now = useNow(5_000);
  return (
    <Panel
      title="Top users"
      className="area-users"
      aside={<Choice label="Time counted" options={windows} value={window} onChange={setWindow} />}
    >
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
                      <a href={hashOf({ view: 'user', userId })}>{userId}</a>
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
