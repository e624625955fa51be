// Spans of records that belong to a recorded trace: children of the edge's, parents of what readers do.
import { parseTraceParent, type Span, type Tracing } from '@activity/service';
import type { RecordHeaders, RecordPosition } from '@activity/streams';

/** A span of one record. */
export interface RecordSpan {
  /** The record's headers, with this span as the parent. */
  readonly headers: RecordHeaders;
  end: Span['end'];
}

/** Begins spans of records. */
export interface RecordSpans {
  /** Undefined where the record belongs to no trace, or to one that is not recorded. */
  begin: (headers: RecordHeaders, position: RecordPosition) => RecordSpan | undefined;
  /** Sends what has ended. */
  flush: () => void;
}

const parentHeader = 'traceparent';

/** See the top of this file. */
export function recordSpans(tracing: Tracing): RecordSpans {
  return {
    begin(headers, { topic, partition, offset }) {
      if (headers.length === 0) return undefined;
      const header = headers.find(({ key }) => key === parentHeader)?.value;
      if (!header) return undefined;
      const parent = parseTraceParent(Buffer.from(header).toString('latin1'));
      if (parent === undefined || !tracing.sampled(parent)) return undefined;
      const span = tracing.start({
        name: `process ${topic}`,
        kind: 'consumer',
        parent,
        attributes: {
          'messaging.system': 'kafka',
          'messaging.operation.type': 'process',
          'messaging.destination.name': topic,
          'messaging.destination.partition.id': String(partition),
          'messaging.kafka.offset': offset,
        },
      });
      const own = { key: parentHeader, value: Buffer.from(span.traceparent) };
      return { headers: [own, ...headers.filter(({ key }) => key !== parentHeader)], end: span.end };
    },
    flush: () => void tracing.flush(),
  };
}
