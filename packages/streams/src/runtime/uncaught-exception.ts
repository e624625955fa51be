// What becomes of an application when one of its threads ends with an error.

/**
 * What to do after a thread has ended with an error. `replace-thread`: start another in its place, which goes
 * on from the last commit. `shut-down-client`: close all threads of this instance. `shut-down-application`:
 * ask every instance of the application to do so.
 */
export type UncaughtExceptionReply = 'replace-thread' | 'shut-down-client' | 'shut-down-application';

/**
 * Decides what becomes of an application when a thread has ended with an error: a `FatalError`, or what else
 * was thrown. It is called in the thread that called `createStreams`, whatever `threads` is.
 * @example (error) => (error instanceof FatalError ? 'shut-down-client' : 'replace-thread')
 */
export type StreamsUncaughtExceptionHandler = (error: Error, thread: number) => UncaughtExceptionReply;

const replies: readonly unknown[] = [
  'replace-thread',
  'shut-down-client',
  'shut-down-application',
] satisfies UncaughtExceptionReply[];

/** Whether this is one of the replies. */
export function isReply(reply: unknown): reply is UncaughtExceptionReply {
  return replies.includes(reply);
}

/** The text of a choice that is none. */
export function noReply(reply: unknown): string {
  return `${String(reply)} is none of ${replies.join(', ')}`;
}
