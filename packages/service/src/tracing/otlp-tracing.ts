// Spans by OpenTelemetry's SDK: recorded, batched, sent by OTLP over HTTP.
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../logger.ts';
import { samplingOf } from './sampling.ts';
import type { TracingSettings } from './settings.ts';
import { formatTraceParent } from './trace-parent.ts';
import type { Tracing } from './tracing.ts';

const kinds = { server: SpanKind.SERVER, consumer: SpanKind.CONSUMER };

/**
 * Makes a {@link Tracing}. At most OTEL_BSP_MAX_QUEUE_SIZE spans (2,048) wait for the collector, and further
 * ones are dropped: one that is away costs spans, and no memory.
 */
export function otlpTracing(settings: TracingSettings, logger: Logger): Tracing {
  const { service, url, timeoutMs } = settings;
  const exporter = reporting(new OTLPTraceExporter({ url, timeoutMillis: timeoutMs }), url, logger);
  const processor = new BatchSpanProcessor(exporter, { exportTimeoutMillis: timeoutMs + 1_000 });
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service }))
      .merge(detectResources({ detectors: [envDetector] })),
    // Whoever starts a span has decided already.
    sampler: new AlwaysOnSampler(),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('activity-pipeline');
  return {
    sampled: samplingOf(settings),
    start({ name, kind, parent, attributes }) {
      const above =
        parent === undefined
          ? ROOT_CONTEXT
          : trace.setSpanContext(ROOT_CONTEXT, {
              traceId: parent.traceId,
              spanId: parent.spanId,
              traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
              isRemote: true,
            });
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, above);
      const { traceId, spanId } = span.spanContext();
      return {
        traceparent: formatTraceParent({ traceId, spanId, sampled: true }),
        end({ attributes: more, failed = false } = {}) {
          if (more !== undefined) span.setAttributes(more);
          if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    // What was lost is in the log.
    flush: async () => processor.forceFlush().catch(() => {}),
    close: async () => provider.shutdown().catch(() => {}),
  };
}

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/** Logs when exports begin to fail, and when they succeed again. */
function reporting(exporter: SpanExporter, url: string, logger: Logger): SpanExporter {
  let failing = false;

  function report({ error }: ExportResult): void {
    const failed = error !== undefined;
    if (failed === failing) return;
    failing = failed;
    if (failed)
      logger.warn({ reason: error.message, url }, 'sending spans failed: they are lost until it succeeds');
    else logger.info({ url }, 'sending spans succeeds again');
  }

  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        report(result);
        done(result);
      });
    },
    shutdown: async () => exporter.shutdown(),
  };
}
