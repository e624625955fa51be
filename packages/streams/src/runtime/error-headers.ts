// The headers that Kafka Streams gives its dead letters, so that tools made for these read ours too.
// Source: KIP-1034, org.apache.kafka.streams.errors.internals.ExceptionHandlerUtils.
import type { RecordHeaders } from '../api/record.ts';

/** What Kafka Streams' headers say of a failure. */
export interface ErrorHeaders {
  /** The name of the error, or the reason that a step gave. */
  exception: string;
  message: string;
  /** Absent where nothing was thrown. */
  stack?: string | undefined;
  /** Absent without an input record. */
  source?: { topic: string; partition: number; offset: number } | undefined;
}

const longestText = 2_000;

/** A line of a stack that names a place in code. */
const frame = /^ {4}at .*(?::\d+:\d+|<anonymous>|native code)\)?$/;

/** The frames of a stack: without the message, which may quote the record. */
export function framesOf({ stack, message }: Error): string | undefined {
  if (typeof stack !== 'string') return undefined;
  const from = message === '' ? -1 : stack.indexOf(message);
  const frames = from < 0 ? stack : stack.slice(from + message.length);
  const lines = frames.split('\n').filter((line) => frame.test(line));
  return lines.join('\n').slice(0, longestText);
}

/** The headers, in Kafka Streams' order. */
export function errorHeaders({ exception, message, stack, source }: ErrorHeaders): RecordHeaders {
  return [
    header('exception', exception),
    header('message', message.slice(0, longestText)),
    ...(stack === undefined ? [] : [header('stacktrace', stack)]),
    header('topic', source?.topic),
    header('partition', String(source?.partition ?? -1)),
    header('offset', String(source?.offset ?? -1)),
  ];
}

function header(name: string, value: string | undefined): RecordHeaders[number] {
  return { key: `__streams.errors.${name}`, value: value === undefined ? null : Buffer.from(value) };
}
