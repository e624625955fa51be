// The types of a timeline's events; choosing one shows it in the chart, and where its events are.
import type { VNode } from 'preact';
import type { Timeline } from '../data/answers.ts';
import type { Reading } from '../data/use-resource.ts';
import type { Range } from '../range.ts';
import { eventsIn, hashOf } from '../router.ts';
import { sharesOf } from './chart-data.ts';
import { Loaded, Panel } from './panel.tsx';
import { rangeText } from './range-bar.tsx';
import { Empty } from './states.tsx';
import { TypeBars } from './type-bars.tsx';

interface TypesPanelProps {
  reading: Reading<Timeline>;
  range: Range;
  /** The chosen type; empty for none. */
  type: string;
  userId?: string;
  onChoose: (type: string) => void;
}

/** The panel. */
export function TypesPanel({ reading, range, type, userId = '', onChoose }: TypesPanelProps): VNode {
  const title = `Types, ${rangeText(range)}`;
  return (
    <Panel title={title} className="area-types">
      <Loaded reading={reading} lines={7}>
        {(timeline) => {
          const types = sharesOf(timeline);
          return types.length === 0 && type === '' ? (
            <Empty title="No events in this time" />
          ) : (
            <>
              <TypeBars
                caption={title}
                types={types}
                chosen={type === '' ? undefined : type}
                onChoose={(chosen) => onChoose(chosen ?? '')}
              />
              <p class="panel-foot">
                <a href={hashOf(eventsIn(range, userId, type))}>
                  {type === '' ? 'The events of this time' : `The ${type} events of this time`}
                </a>
                {type !== '' && (
                  <button type="button" class="link" onClick={() => onChoose('')}>
                    All types
                  </button>
                )}
              </p>
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}
