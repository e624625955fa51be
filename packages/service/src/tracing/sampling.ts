// Which requests and records have spans.
import type { TracingSettings } from './settings.ts';
import type { TraceParent } from './trace-parent.ts';

/**
 * Makes the decision of a sampler, by its name in OpenTelemetry. A ratio decides by the trace's id, so that
 * all services decide alike; a trace that begins here has none yet, and chance decides.
 */
export function samplingOf({
  sampler,
  ratio,
}: Pick<TracingSettings, 'sampler' | 'ratio'>): (parent: TraceParent | undefined) => boolean {
  switch (sampler) {
    case 'always_on':
      return () => true;
    case 'always_off':
      return () => false;
    case 'traceidratio':
      return (parent) => (parent === undefined ? Math.random() : shareOf(parent)) < ratio;
    case 'parentbased_always_on':
      return (parent) => parent?.sampled ?? true;
    case 'parentbased_always_off':
      return (parent) => parent?.sampled ?? false;
    case 'parentbased_traceidratio':
      return (parent) => parent?.sampled ?? Math.random() < ratio;
  }
}

/** A trace's place from 0 to 1: the last bytes of its id are random by W3C's recommendation. */
function shareOf({ traceId }: TraceParent): number {
  return Number.parseInt(traceId.slice(-8), 16) / 2 ** 32;
}
