// W3C trace context: the header that says which span a message comes from.

/** Where a trace stands: what `traceparent` holds. */
export interface TraceParent {
  traceId: string;
  spanId: string;
  /** Whether whoever began the trace records it. */
  sampled: boolean;
}

const pattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Whether a text is a `traceparent` of version 00. */
export function isTraceParent(text: string): boolean {
  return pattern.test(text);
}

/** Reads a `traceparent` of version 00; undefined where it is none. */
export function parseTraceParent(text: string | undefined): TraceParent | undefined {
  const found = text === undefined ? null : pattern.exec(text);
  if (found === null) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = found;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a `traceparent`. */
export function formatTraceParent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}
