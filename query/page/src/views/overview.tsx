// The overview: what happens now, and how much of it.
import type { VNode } from 'preact';
import type { Overview, Pipeline, Timeline } from '../data/answers.ts';
import { useLiveList } from '../data/use-live-list.ts';
import { useResource } from '../data/use-resource.ts';
import type { Reading } from '../data/use-resource.ts';
import { timelinePath, useShown } from '../data/use-shown.ts';
import { EventTable } from '../parts/event-table.tsx';
import { FirstEvent } from '../parts/first-event.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { StageStrip } from '../parts/stage-strip.tsx';
import { RangeBar } from '../parts/range-bar.tsx';
import { Failed } from '../parts/states.tsx';
import { TailSwitch } from '../parts/tail-switch.tsx';
import { eventTiles, Tiles } from '../parts/tiles.tsx';
import { TimelinePanel } from '../parts/timeline-panel.tsx';
import { TopUsersPanel } from '../parts/top-users-panel.tsx';
import { TypesPanel } from '../parts/types-panel.tsx';
import type { Range } from '../range.ts';
import { hashOf, noFilter } from '../router.ts';
import type { Place } from '../router.ts';
import { count, counted } from '../text/format.ts';
import { go } from '../use-place.ts';

const everyMs = 5_000;
const tailRows = 10;

interface OverviewViewProps {
  pipeline: Reading<Pipeline>;
  range: Range;
  /** A type that stands out; empty for none. */
  type: string;
}

/** The view. */
export function OverviewView({ pipeline, range, type }: OverviewViewProps): VNode {
  const overview = useResource<Overview>('/api/stats/overview', everyMs);
  const shown = useShown(range);
  const timeline = useResource<Timeline>(timelinePath('/api/stats/timeline', shown), 2 * everyMs);
  const list = useLiveList('', { limit: tailRows, live: true });
  const at = (next: Range): Place => ({ view: 'overview', range: next, type });
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
          <RangeBar
            range={range}
            from={shown.from}
            to={shown.to ?? shown.now}
            onChange={(next) => go(at(next))}
          />
          <TimelinePanel reading={timeline} type={type} at={at} />
          <TypesPanel
            reading={timeline}
            range={range}
            type={type}
            onChoose={(chosen) => go({ view: 'overview', range, type: chosen })}
          />
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
          <TopUsersPanel range={range} shown={shown} />
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
function ledgerText({ enriched, duplicate, deadLettered, late }: Pipeline['lastHour']): string {
  return [
    `${count(enriched)} stored`,
    duplicate > 0 && counted(duplicate, 'duplicate'),
    late > 0 && `${count(late)} late`,
    deadLettered > 0 && counted(deadLettered, 'dead letter'),
  ]
    .filter(Boolean)
    .join(' · ');
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
