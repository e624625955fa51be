// The stages in the order in which an event goes through them, each with its state and what waits before it.
import type { VNode } from 'preact';
import type { Pipeline } from '../data/answers.ts';
import { stagesOf } from '../data/stages.ts';
import type { Stage } from '../data/stages.ts';
import { Icon } from './icon.tsx';

/** The strip. */
export function StageStrip({ pipeline }: { pipeline: Pipeline }): VNode {
  return (
    <ol class="stages">
      {stagesOf(pipeline).map((stage) => (
        <StageCard key={stage.name} stage={stage} />
      ))}
    </ol>
  );
}

const icons = { good: 'check', busy: 'clock', bad: 'alert', unknown: 'clock' } as const;

function StageCard({ stage: { name, level, state, lag } }: { stage: Stage }): VNode {
  return (
    <li class={`stage ${level}`}>
      <span class="stage-name">{name}</span>
      <span class="stage-state">
        <Icon name={icons[level]} />
        {state}
      </span>
      <span class="stage-lag">{lag}</span>
    </li>
  );
}
