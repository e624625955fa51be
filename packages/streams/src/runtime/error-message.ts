// Errors on their way between threads: structured cloning keeps neither their class nor their fields.
import { inspect } from 'node:util';
import {
  FatalError,
  RejoinError,
  RetriableError,
  StreamsError,
  TaskCorruptedError,
  type StreamsErrorCode,
} from '../api/errors.ts';

/** An error as a message between threads. */
export interface ErrorMessage {
  name: string;
  message: string;
  stack: string | undefined;
  /** Of our own errors only. */
  code?: StreamsErrorCode;
  taskId?: string;
  cause?: ErrorMessage;
}

const remedies = { FatalError, RejoinError, RetriableError, TaskCorruptedError };
const classes = { ...remedies, StreamsError };

/** Causes further down than this are left out: a chain may be a circle. */
const maxCauses = 8;

/** What to send of an error, or of anything that was thrown. */
export function writeError(error: unknown, depth = 0): ErrorMessage {
  if (!(error instanceof Error)) return { name: 'Error', message: textOf(error), stack: undefined };
  const { stack, cause } = error;
  // Whoever throws may have put anything there.
  const { name, message }: { name: unknown; message: unknown } = error;
  return {
    // The class of one of ours is its remedy; subclasses have more fields than are sent.
    name: Object.entries(remedies).find(([, remedy]) => error instanceof remedy)?.[0] ?? String(name),
    message: String(message),
    stack: typeof stack === 'string' ? stack : undefined,
    ...(cause !== undefined && depth < maxCauses && { cause: writeError(cause, depth + 1) }),
    ...(error instanceof StreamsError && { code: error.code }),
    ...(error instanceof StreamsError && error.taskId !== undefined && { taskId: error.taskId }),
  };
}

/** The message of an error, or the text of anything else that was thrown. */
export function textOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : inspect(thrown);
}

/** Whatever was thrown, as an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(textOf(thrown));
}

/** Details of a log line as they pass between threads: errors as messages, and as text what has no JSON. */
export function writeDetails(details: object): object {
  const plain = (_key: string, value: unknown): unknown => {
    if (value instanceof Error) return writeError(value);
    return typeof value === 'bigint' ? String(value) : value;
  };
  try {
    const json = JSON.stringify(details, plain) as string | undefined;
    if (json !== undefined) return JSON.parse(json) as object;
  } catch {
    // A circle, or a getter that throws.
  }
  return { text: inspect(details) };
}

/** The error that was sent: of its own class, where that is one of ours. */
export function readError({ name, message, stack, code, taskId, cause }: ErrorMessage): Error {
  const options = {
    ...(cause !== undefined && { cause: readError(cause) }),
    ...(taskId !== undefined && { taskId }),
  };
  const error =
    code !== undefined && name in classes
      ? new classes[name as keyof typeof classes](code, message, options)
      : Object.assign(new Error(message, options), { name });
  if (stack !== undefined) error.stack = stack;
  return error;
}
