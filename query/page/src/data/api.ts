// Asking the API: answers as JSON, failures by what can be done about them.

/** What went wrong, by remedy. */
export type FailureKind =
  | 'offline'
  | 'unavailable'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'invalid'
  | 'broken';

/** A failed request. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: FailureKind;
  /** When the service asks to be asked again, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

interface ErrorBody {
  error?: string;
  message?: string;
  details?: { field: string; message: string }[];
}

/** What a status means for whoever asked. */
export function kindOf(status: number): FailureKind {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 429 || status === 502 || status === 503 || status === 504) return 'unavailable';
  return status >= 400 && status < 500 ? 'invalid' : 'broken';
}

/** The failure that an answer reports. */
export function failureOf(status: number, body: ErrorBody, retryAfter: string | null): ApiError {
  const details = body.details?.map(({ field, message }) => `${field} ${message}`).join('; ');
  const seconds = Number(retryAfter ?? Number.NaN);
  const message = details ?? body.message ?? body.error ?? `the service answered ${status}`;
  return new ApiError(kindOf(status), message, Number.isFinite(seconds) ? seconds * 1_000 : undefined);
}

let skewMs = 0;

/** The service's clock, as its answers tell it. */
export function serverNow(): number {
  return Date.now() + skewMs;
}

/** How a request is sent. */
export interface Asking extends Omit<RequestInit, 'headers'> {
  headers?: Record<string, string>;
}

/** Sends a request and resolves with the answer's body. @throws ApiError; what `signal` was aborted with */
export async function ask<T>(path: string, init: Asking = {}): Promise<T> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, { ...init, headers: { accept: 'application/json', ...init.headers } });
    body = await response.json().catch(() => ({}));
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError('offline', 'the query service cannot be reached');
  }
  init.signal?.throwIfAborted();
  const date = Date.parse(response.headers.get('date') ?? '');
  // The header knows whole seconds only.
  if (!Number.isNaN(date) && Math.abs(date - serverNow()) > 2_000) skewMs = date + 500 - Date.now();
  if (!response.ok) throw failureOf(response.status, body as ErrorBody, response.headers.get('retry-after'));
  return body as T;
}
