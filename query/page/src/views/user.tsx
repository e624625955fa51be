// A user's page.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { UserActivity } from '../data/answers.ts';
import { useLiveList } from '../data/use-live-list.ts';
import { useNow } from '../data/use-now.ts';
import { useResource } from '../data/use-resource.ts';
import { EventTable } from '../parts/event-table.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Empty, Failed } from '../parts/states.tsx';
import { TailSwitch } from '../parts/tail-switch.tsx';
import { eventTiles, Tiles } from '../parts/tiles.tsx';
import { TimelinePanel } from '../parts/timeline-panel.tsx';
import { TypeBars } from '../parts/type-bars.tsx';
import { hashOf, noFilter } from '../router.ts';
import { ago, moment } from '../text/format.ts';

const everyMs = 5_000;

/** The view. */
export function UserView({ userId }: { userId: string }): VNode {
  const path = `/api/users/${encodeURIComponent(userId)}`;
  const activity = useResource<UserActivity>(`${path}/activity`, everyMs);
  const list = useLiveList(new URLSearchParams({ userId }).toString(), { limit: 25, live: true });
  const [type, setType] = useState<string>();
  const { data, error } = activity;
  const failed = data === undefined && error !== undefined && error.kind !== 'not-found';
  const missing = error?.kind === 'not-found' && list.rows.shown.length === 0;
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>
          <span class="quiet">User</span> {userId}
        </h1>
      </div>
      {missing ? (
        <Empty title="Nobody by this name has done anything">
          <p>
            User ids are compared exactly, upper and lower case too. This page shows the first event as it
            comes.
          </p>
        </Empty>
      ) : failed ? (
        <Failed error={error} again={activity.again} />
      ) : (
        <>
          <UserTiles activity={data} />
          <div class="user-view">
            <TimelinePanel
              path={`${path}/timeline`}
              highlight={type}
              everyMs={10_000}
              className="area-chart"
            />
            <Panel title="Types, all time" className="area-types">
              <Loaded reading={activity}>
                {({ byType, total }) => (
                  <TypeBars
                    caption={`Events of ${userId} by type`}
                    types={Object.entries(byType)
                      .toSorted(([, a], [, b]) => b - a)
                      .map(([activityType, one]) => ({
                        activityType,
                        total: one,
                        share: one / Math.max(1, total),
                      }))}
                    chosen={type}
                    onChoose={setType}
                  />
                )}
              </Loaded>
            </Panel>
            <Panel title="Events" className="area-live" aside={<TailSwitch list={list} />}>
              <Loaded reading={list.page} lines={10}>
                {() => (
                  <>
                    <EventTable
                      caption={`Events of ${userId}, the newest first`}
                      rows={list.rows.shown}
                      withUser={false}
                    />
                    <p class="panel-foot">
                      <a href={hashOf({ view: 'events', filter: { ...noFilter, userId } })}>
                        All of them, to filter and export
                      </a>
                    </p>
                  </>
                )}
              </Loaded>
            </Panel>
          </div>
        </>
      )}
    </>
  );
}

function UserTiles({ activity }: { activity: UserActivity | undefined }): VNode {
  const now = useNow(1_000);
  const { rolling, total, firstSeen, lastSeen } = activity ?? {};
  return (
    <Tiles
      tiles={[
        ...eventTiles({ ...rolling, total }),
        {
          label: 'Last seen',
          value: lastSeen === undefined ? undefined : ago(lastSeen, now),
          ...(firstSeen !== undefined && { more: `first ${moment(firstSeen).replace(/:\d\d\.\d+$/, '')}` }),
        },
      ]}
    />
  );
}
