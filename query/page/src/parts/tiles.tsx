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
