// Types by how frequent they are; choosing one shows it in the chart.
import type { VNode } from 'preact';
import { count, percent } from '../text/format.ts';
import type { TypeShare } from './chart-data.ts';

interface TypeBarsProps {
  caption: string;
  types: TypeShare[];
  /** The chosen one. */
  chosen?: string | undefined;
  onChoose: (type: string | undefined) => void;
}

/** A table whose rows are bars. */
export function TypeBars({ caption, types, chosen, onChoose }: TypeBarsProps): VNode {
  const most = Math.max(1, ...types.map(({ total }) => total));
  return (
    <table class="bars">
      <caption class="hidden">{caption}</caption>
      <thead class="hidden">
        <tr>
          <th scope="col">Type</th>
          <th scope="col">Events</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        {types.map(({ activityType, total, share }) => (
          <tr key={activityType}>
            <th scope="row">
              <button
                type="button"
                class="link"
                aria-pressed={chosen === activityType}
                onClick={() => onChoose(chosen === activityType ? undefined : activityType)}
              >
                {activityType}
              </button>
              <span class="bar" aria-hidden="true">
                <span style={{ width: `${(100 * total) / most}%` }} />
              </span>
            </th>
            <td>{count(total)}</td>
            <td class="quiet">{percent(share)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
