// The activity topology with spans of OpenTelemetry. A module of its own: without spans it is not loaded.
import { createLogger, openTracing, type TracingSettings } from '@activity/service';
import type { Topology } from '@activity/streams';
import type { Config } from '../config.ts';
import { recordSpans } from '../steps/record-spans.ts';
import activityTopology, { type ActivityOptions } from './activity.ts';

/** The topology's options, and how spans are recorded. */
export interface TracedOptions extends ActivityOptions {
  tracing: TracingSettings;
  logLevel: Config['LOG_LEVEL'];
}

/** Builds the topology. Threads load the default export. */
export default async function tracedActivityTopology({
  tracing,
  logLevel,
  ...options
}: TracedOptions): Promise<Topology> {
  const opened = await openTracing(tracing, createLogger(tracing.service, logLevel));
  return activityTopology(options, recordSpans(opened));
}
