// Activity over time, of all or of one user, with its range.
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Timeline } from '../data/answers.ts';
import { serverNow } from '../data/api.ts';
import { useResource } from '../data/use-resource.ts';
import { timeZone } from '../text/format.ts';
import { Chart } from './chart.tsx';
import { Choice } from './choice.tsx';
import { Loaded, Panel } from './panel.tsx';

const spans = {
  '1h': { label: '1 h', spoken: 'Last hour', interval: 'minute', ms: undefined },
  '24h': { label: '24 h', spoken: 'Last 24 hours', interval: 'hour', ms: undefined },
  '7d': { label: '7 d', spoken: 'Last 7 days', interval: 'hour', ms: 7 * 86_400_000 },
  '30d': { label: '30 d', spoken: 'Last 30 days', interval: 'day', ms: undefined },
} as const;
type Span = keyof typeof spans;

const options = Object.entries(spans).map(([value, { label, spoken }]) => ({
  value: value as Span,
  label,
  spoken,
}));

interface TimelinePanelProps {
  /** The API's path. */
  path: string;
  highlight?: string | undefined;
  className?: string;
  everyMs: number;
}

/** The panel. */
export function TimelinePanel({ path, highlight, className = '', everyMs }: TimelinePanelProps): VNode {
  const [span, setSpan] = useState<Span>('24h');
  // Where a range begins is settled when it is chosen: a new beginning would be another question.
  const [chosenAt, setChosenAt] = useState(serverNow);
  const { interval, ms } = spans[span];
  const query = new URLSearchParams({ interval, tz: timeZone });
  if (ms !== undefined) query.set('from', new Date(chosenAt - ms).toISOString());
  const reading = useResource<Timeline>(`${path}?${query.toString()}`, everyMs);
  return (
    <Panel
      title="Activity over time"
      className={className}
      aside={
        <Choice
          label="Time shown"
          options={options}
          value={span}
          onChange={(value) => {
            setSpan(value);
            setChosenAt(serverNow());
          }}
        />
      }
    >
      <Loaded reading={reading} lines={6}>
        {(timeline) => <Chart timeline={timeline} highlight={highlight} />}
      </Loaded>
    </Panel>
  );
}
