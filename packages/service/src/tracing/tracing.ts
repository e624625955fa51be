// Spans of OpenTelemetry, recorded where a collector is configured. The SDK is loaded then, and not before.
import type { Logger } from '../logger.ts';
import type { TracingSettings } from './settings.ts';
import type { TraceParent } from './trace-parent.ts';

/** Attributes of a span, by OpenTelemetry's names. Never a user id, an address or anything of an event. */
export type SpanAttributes = Record<string, string | number>;

/** A span to be started. */
export interface SpanStart {
  name: string;
  /** `server`: of a request; `consumer`: of a record. */
  kind: 'server' | 'consumer';
  /** Undefined: the span begins a trace. */
  parent: TraceParent | undefined;
  attributes: SpanAttributes;
}

/** A span that runs. */
export interface Span {
  /** Names it as the parent of what it causes. */
  readonly traceparent: string;
  /** Ends it. `failed`: what it stands for went wrong. */
  end: (result?: { attributes?: SpanAttributes; failed?: boolean }) => void;
}

/** Records spans and sends them to the collector in batches. While that is away, spans are lost. */
export interface Tracing {
  /** Whether what comes from this parent has a span; undefined: it comes from none. */
  sampled: (parent: TraceParent | undefined) => boolean;
  start: (span: SpanStart) => Span;
  /** Sends what has ended. Never rejects. */
  flush: () => Promise<void>;
  /** Sends what has ended, as far as the export's timeout allows, and stops. Never rejects. */
  close: () => Promise<void>;
}

/** Loads OpenTelemetry's SDK. The first failure of an export is logged, and the next success. */
export async function openTracing(settings: TracingSettings, logger: Logger): Promise<Tracing> {
  const { otlpTracing } = await import('./otlp-tracing.ts');
  return otlpTracing(settings, logger);
}
