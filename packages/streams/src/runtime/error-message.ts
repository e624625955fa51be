// Errors on their way between threads: structured cloning keeps neither their class nor their fields.
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

const classes = { FatalError, RejoinError, RetriableError, TaskCorruptedError, StreamsError };

/** What to send of an error, or of anything that was thrown. */
export function writeError(error: unknown): ErrorMessage {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined };
  const { name, message, stack, cause } = error;
  return {
    name,
    message,
    stack,
    ...(cause !== undefined && { cause: writeError(cause) }),
    ...(error instanceof StreamsError && { code: error.code }),
    ...(error instanceof StreamsError && error.taskId !== undefined && { taskId: error.taskId }),
  };
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
