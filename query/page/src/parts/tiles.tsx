// Numbers at a glance.
import type { VNode } from 'preact';
import { count } from '../text/format.ts';

/** One number. */
export interface Tile {
  label: string;
  /** A text where it is not a count; undefined while it is not known. */
  value: number | string | undefined;
  more?: string;
}

/** Events that were counted lately, and in all; undefined while they are not known. */
export interface EventCounts {
  last5m?: number | undefined;
  last1h?: number | undefined;
  last24h?: number | undefined;
  total?: number | undefined;
}

/** The tiles of event counts. */
export function eventTiles({ last5m, last1h, last24h, total }: EventCounts): Tile[] {
  return [
    { label: 'Last 5 minutes', value: last5m },
    { label: 'Last hour', value: last1h },
    { label: 'Last 24 hours', value: last24h },
    { label: 'All events', value: total },
  ];
}

/** A row of numbers. */
export function Tiles({ tiles }: { tiles: Tile[] }): VNode {
  return (
    <dl class="tiles">
      {tiles.map(({ label, value, more }) => (
        <div key={label} class="tile">
          <dt>{label}</dt>
          <dd>
            <span class={value === undefined ? 'tile-value unknown' : 'tile-value'}>
              {typeof value === 'number' ? count(value) : (value ?? '–')}
            </span>
            {more !== undefined && <span class="tile-more">{more}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
