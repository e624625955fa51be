// The pipeline's stages as one looks at them.
import { counted } from '../text/format.ts';
import type { Pipeline } from './answers.ts';

/** A stage. */
export interface Stage {
  name: string;
  level: 'good' | 'busy' | 'bad' | 'unknown';
  state: string;
  /** What waits before it. */
  lag: string;
}

/** From this many waiting records on a stage is behind; what keeps up has a few now and then. */
const behind = 1_000;

/** What waits, in words. */
export function lagText(lag: number | null): string {
  if (lag === null) return 'lag not known';
  return lag === 0 ? 'nothing waits' : counted(lag, 'record waits', 'records wait');
}

function leveled(well: boolean, lag: number | null): Stage['level'] {
  if (!well) return 'bad';
  if (lag === null) return 'unknown';
  return lag >= behind ? 'busy' : 'good';
}

/** The stages behind the edge. */
export function stagesOf({ processor, sinks, mongodb, ledger }: Pipeline): Stage[] {
  const ready = processor.instances.filter(({ state }) => state === 'ready').length;
  const all = processor.instances.length;
  const running =
    sinks?.filter(({ state, tasks }) => [state, ...tasks].every((one) => one === 'RUNNING')).length ?? 0;
  const sinkLag = sinks === null ? null : sinks.reduce((sum, { lag }) => sum + lag, 0);
  const sinksWell = sinks !== null && running === sinks.length;
  return [
    {
      name: 'Processor',
      level: leveled(ready > 0, processor.lag),
      state:
        all === 1
          ? ready === 1
            ? 'ready'
            : (processor.instances[0]?.state ?? 'unreachable')
          : `${ready} of ${all} ready`,
      lag: lagText(processor.lag),
    },
    {
      name: 'Kafka Connect',
      level: sinks === null ? 'unknown' : leveled(sinksWell, sinkLag),
      state: sinks === null ? 'does not answer' : `${running} of ${sinks.length} connectors run`,
      lag: lagText(sinkLag),
    },
    {
      name: 'MongoDB',
      level: mongodb.ready ? 'good' : 'bad',
      state: mongodb.ready ? 'ready' : 'does not answer',
      lag: `${counted(ledger.enriched, 'event')} in all`,
    },
  ];
}
