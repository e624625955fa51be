// Something that is read again and again: what is known of it, also while the newest attempt fails.
import type { ApiError } from './api.ts';

/** What is known. Data stays when a later attempt fails: it is stale then, not gone. */
export interface Resource<T> {
  /** Which question the data answers. */
  path: string | undefined;
  data: T | undefined;
  error: ApiError | undefined;
  /** Whether the data is of another question than the one being asked. */
  changing: boolean;
  /** Attempts that failed since the last that did not. */
  failures: number;
}

/** What happens to it. */
export type ResourceEvent<T> =
  | { type: 'asked'; path: string | undefined }
  | { type: 'answered'; path: string; data: T }
  | { type: 'failed'; path: string; error: ApiError };

/** Nothing is known yet. */
export function unknown<T>(): Resource<T> {
  return { path: undefined, data: undefined, error: undefined, changing: false, failures: 0 };
}

function subject(path: string | undefined): string | undefined {
  return path?.split('?')[0];
}

/** The next state. */
export function reduceResource<T>(state: Resource<T>, event: ResourceEvent<T>): Resource<T> {
  switch (event.type) {
    case 'asked': {
      if (event.path === state.path) return state;
      // Another range of the same thing may stand in for a moment; another thing may not.
      if (subject(event.path) !== subject(state.path)) return { ...unknown<T>(), path: event.path };
      return {
        ...state,
        path: event.path,
        error: undefined,
        changing: state.data !== undefined,
        failures: 0,
      };
    }
    case 'answered':
      if (event.path !== state.path) return state;
      return { path: event.path, data: event.data, error: undefined, changing: false, failures: 0 };
    case 'failed': {
      if (event.path !== state.path) return state;
      // What is refused is not shown any longer; what cannot be had just now is.
      const passing =
        event.error.kind === 'offline' || event.error.kind === 'unavailable' || event.error.kind === 'broken';
      const data = passing && !state.changing ? state.data : undefined;
      return { ...state, data, error: event.error, changing: false, failures: state.failures + 1 };
    }
  }
}

/** When to ask again after a failure: longer each time, and not before the service wants it. */
export function retryDelay(failures: number, error: ApiError | undefined): number {
  const delay = Math.min(10_000, 1_000 * 2 ** Math.max(0, failures - 1));
  return Math.max(delay, error?.retryAfterMs ?? 0);
}
