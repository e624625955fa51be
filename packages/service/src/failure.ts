// Failures that a client is told about: one kind each, and the HTTP answer that each has.

import { firstProblems } from './validation.ts';

/** One field that was refused, and why. */
export interface FieldProblem {
  field: string;
  message: string;
}

/** Everything that can go wrong with a request. */
export type Failure =
  | { kind: 'validation'; details: FieldProblem[] }
  /** Metadata that the schema of its event's type refuses. */
  | { kind: 'schema'; details: FieldProblem[] }
  | { kind: 'unauthorized' }
  | { kind: 'forbidden'; message: string }
  /** Asked for by a name that is not the service's. */
  | { kind: 'misdirected' }
  | { kind: 'not-found'; what: string }
  | { kind: 'method-not-allowed'; allow: string }
  /** It cannot be done to what is there. `extra` joins the body. */
  | { kind: 'conflict'; message: string; extra?: Record<string, unknown> }
  /** What is there is not what `If-Match` or `If-None-Match` asks for. */
  | { kind: 'precondition-failed'; message: string }
  /** `close`: what more is sent of the request is not read. */
  | { kind: 'too-large'; message: string; close?: true }
  | { kind: 'unsupported-media-type'; message: string }
  | { kind: 'timeout'; message: string }
  | { kind: 'too-many-requests'; retryAfterSeconds: number }
  /** Cannot serve now; `retryAfterSeconds` says when to come back. `extra` joins the body. */
  | { kind: 'unavailable'; message: string; retryAfterSeconds: number; extra?: Record<string, unknown> }
  | { kind: 'internal'; message: string };

/** A failure as an exception, for code that is far from the route. */
export class FailureError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super('message' in failure ? failure.message : failure.kind);
    this.name = 'FailureError';
    this.failure = failure;
  }
}

/** Status, headers and JSON body of an answer. */
export interface FailureAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

/** The HTTP answer of a failure. */
export function failureAnswer(failure: Failure): FailureAnswer {
  switch (failure.kind) {
    case 'validation':
      return answer(400, { error: 'Validation failed', details: firstProblems(failure.details) });
    case 'schema':
      return answer(422, {
        error: 'Metadata refused by the schema of the type',
        details: firstProblems(failure.details),
      });
    case 'conflict':
      return answer(409, { error: 'Conflict', message: failure.message, ...failure.extra });
    case 'precondition-failed':
      return answer(412, { error: 'Precondition failed', message: failure.message });
    case 'unauthorized':
      return answer(
        401,
        { error: 'Unauthorized', message: 'an API key is needed: Authorization: Bearer <key>' },
        { 'www-authenticate': 'Bearer' },
      );
    case 'forbidden':
      return answer(403, { error: 'Forbidden', message: failure.message });
    case 'misdirected':
      return answer(421, {
        error: 'Misdirected request',
        message: 'the service does not go by the name in Host: set ALLOWED_HOSTS',
      });
    case 'not-found':
      return answer(404, { error: `${failure.what} not found` });
    case 'method-not-allowed':
      return answer(405, { error: 'Method not allowed' }, { allow: failure.allow });
    case 'timeout':
      // Whatever else of the request is under way is of no use: the connection ends.
      return answer(408, { error: 'Request timeout', message: failure.message }, { connection: 'close' });
    case 'too-large':
      return answer(
        413,
        { error: 'Payload too large', message: failure.message },
        failure.close === true ? { connection: 'close' } : {},
      );
    case 'unsupported-media-type':
      return answer(415, { error: 'Unsupported media type', message: failure.message });
    case 'too-many-requests':
      return answer(
        429,
        { error: 'Too many requests', message: `come back in ${failure.retryAfterSeconds} s` },
        { 'retry-after': String(failure.retryAfterSeconds) },
      );
    case 'unavailable':
      return answer(
        503,
        { error: 'Service unavailable', message: failure.message, ...failure.extra },
        { 'retry-after': String(failure.retryAfterSeconds) },
      );
    case 'internal':
      return answer(500, { error: 'Internal server error', message: failure.message });
  }
}

/** The answer of a failure as a web `Response`, as Hono handlers return it. */
export function failureResponse(failure: Failure): Response {
  const { status, headers, body } = failureAnswer(failure);
  return Response.json(body, { status, headers });
}

/**
 * The failure that an exception stands for. What is not a {@link FailureError} is an internal failure, whose
 * message says nothing of the inside.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  return { kind: 'internal', message: 'The request could not be completed' };
}

function answer(
  status: number,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): FailureAnswer {
  return { status, headers, body };
}
