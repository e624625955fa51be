// Activity over time, of all or of one user; a bar leads to its own time.
import type { VNode } from 'preact';
import type { Timeline } from '../data/answers.ts';
import type { Reading } from '../data/use-resource.ts';
import { bucketRange, finestOfUser, intervalMs, shownOf } from '../range.ts';
import type { Range } from '../range.ts';
import { serverNow } from '../data/api.ts';
import { eventsIn } from '../router.ts';
import type { Place } from '../router.ts';
import { go } from '../use-place.ts';
import { Chart } from './chart.tsx';
import { Loaded, Panel } from './panel.tsx';

interface TimelinePanelProps {
  reading: Reading<Timeline>;
  /** A type that stands out; empty for none. */
  type: string;
  userId?: string;
  /** The view at another range. */
  at: (range: Range) => Place;
}

/** The panel. */
export function TimelinePanel({ reading, type, userId = '', at }: TimelinePanelProps): VNode {
  /** A bar shows its time by finer bars; where there are none, its events. */
  function open({ interval, buckets }: Timeline, index: number): void {
    const start = Date.parse(buckets[index]?.start ?? '');
    const range = bucketRange(
      start,
      Date.parse(buckets[index + 1]?.start ?? '') || start + intervalMs[interval],
    );
    const now = serverNow();
    const finest = userId === '' ? 'minute' : finestOfUser(range, now);
    const isFiner = intervalMs[shownOf(range, now, finest).interval] < intervalMs[interval];
    go(isFiner ? at(range) : eventsIn(range, userId, type));
  }
  return (
    <Panel title="Activity over time" className="area-chart">
      <Loaded reading={reading} lines={6}>
        {(timeline) => (
          <Chart
            timeline={timeline}
            highlight={type === '' ? undefined : type}
            onOpen={(index) => open(timeline, index)}
          />
        )}
      </Loaded>
    </Panel>
  );
}
