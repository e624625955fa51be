// A user's page.
import type { VNode } from 'preact';
import type { UserActivity, UserTimeline } from '../data/answers.ts';
import { useEvents } from '../data/use-events.ts';
import { useNow } from '../data/use-now.ts';
import { useResource } from '../data/use-resource.ts';
import { timelinePath, useShown } from '../data/use-shown.ts';
import { EventTable } from '../parts/event-table.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { RangeBar } from '../parts/range-bar.tsx';
import { Empty, Failed } from '../parts/states.tsx';
import { TailSwitch } from '../parts/tail-switch.tsx';
import { eventTiles, Tiles } from '../parts/tiles.tsx';
import { TimelinePanel } from '../parts/timeline-panel.tsx';
import { TypesPanel } from '../parts/types-panel.tsx';
import { finestOfUser, rangeAround, usualRange } from '../range.ts';
import type { Range } from '../range.ts';
import { eventsIn, hashOf } from '../router.ts';
import type { Place } from '../router.ts';
import { ago, moment } from '../text/format.ts';
import { go } from '../use-place.ts';

const everyMs = 5_000;

interface UserViewProps {
  userId: string;
  /** Unless given, the one that the user's last events are in. */
  range: Range | undefined;
  /** A type that stands out; empty for none. */
  type: string;
}

/** The view. */
export function UserView({ userId, range: given, type }: UserViewProps): VNode {
  // As a parameter: no path has the users `.` and `..`.
  const user = { userId };
  const activity = useResource<UserActivity>(
    `/api/users/activity?${new URLSearchParams(user).toString()}`,
    everyMs,
  );
  const now = useNow(60_000);
  const lastSeen = activity.data?.lastSeen;
  const range = given ?? (lastSeen === undefined ? usualRange : rangeAround(Date.parse(lastSeen), now));
  const shown = useShown(range, finestOfUser(range, now));
  // Which range has events is known when the user is.
  const known = given !== undefined || activity.data !== undefined;
  const timeline = useResource<UserTimeline>(
    known ? timelinePath('/api/users/timeline', shown, user) : undefined,
    2 * everyMs,
  );
  const events = eventsIn(range, userId, type);
  const list = useEvents(known ? events.filter : undefined, { limit: 25 });
  const at = (next: Range): Place => ({ view: 'user', userId, range: next, type });
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
            <RangeBar
              range={range}
              from={shown.from}
              to={shown.to ?? shown.now}
              onChange={(next) => go(at(next))}
            />
            <TimelinePanel reading={timeline} type={type} userId={userId} at={at} />
            <TypesPanel
              reading={timeline}
              range={range}
              type={type}
              userId={userId}
              onChoose={(chosen) => go({ view: 'user', userId, range, type: chosen })}
            />
            <Panel title="Events" className="area-live" aside={<TailSwitch list={list} />}>
              <Loaded reading={list.page} lines={10}>
                {() =>
                  list.rows.shown.length === 0 ? (
                    <Empty title="No events in this time" />
                  ) : (
                    <>
                      <EventTable
                        caption={`Events of ${userId}, the newest first`}
                        rows={list.rows.shown}
                        withUser={false}
                      />
                      <p class="panel-foot">
                        <a href={hashOf(events)}>The events of this time, to filter and export</a>
                      </p>
                    </>
                  )
                }
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
