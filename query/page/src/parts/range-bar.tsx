// The time that a view shows: one choice for all of its parts.
import type { VNode } from 'preact';
import { instantOf, spans, toLocalInput } from '../range.ts';
import type { Range, Span } from '../range.ts';
import { Choice } from './choice.tsx';

const labels: Record<Span, { label: string; spoken: string }> = {
  '1h': { label: '1 h', spoken: 'Last hour' },
  '24h': { label: '24 h', spoken: 'Last 24 hours' },
  '7d': { label: '7 d', spoken: 'Last 7 days' },
  '30d': { label: '30 d', spoken: 'Last 30 days' },
  custom: { label: 'From … to', spoken: 'A time of your own' },
};
const options = spans.map((value) => ({ value, ...labels[value] }));

/** A range in words, as it stands behind "Types, ". */
export function rangeText({ span }: Range): string {
  return span === 'custom' ? 'chosen time' : labels[span].spoken.toLowerCase();
}

interface RangeBarProps {
  range: Range;
  /** What `range` begins and ends with now, in epoch milliseconds: where a time of one's own starts from. */
  from: number;
  to: number;
  onChange: (range: Range) => void;
}

/** The choice, with two inputs for a time of one's own. */
export function RangeBar({ range, from, to, onChange }: RangeBarProps): VNode {
  function choose(span: Span): void {
    const custom = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    onChange(span === 'custom' ? { span, ...custom } : { span, from: '', to: '' });
  }
  return (
    <div class="range-bar">
      {range.span === 'custom' &&
        (['from', 'to'] as const).map((name) => (
          <label key={name} class="range-input">
            <span>{name === 'from' ? 'From' : 'to'}</span>
            <input
              type="datetime-local"
              value={toLocalInput(range[name])}
              onChange={(event) => {
                const instant = instantOf(event.currentTarget.value);
                // A range has a beginning always; an empty end is now.
                if (instant !== '' || name === 'to') onChange({ ...range, [name]: instant });
              }}
            />
          </label>
        ))}
      <Choice label="Time shown" options={options} value={range.span} onChange={choose} />
    </div>
  );
}
