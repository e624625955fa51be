// The hook that reads a resource while a component shows it.
import { useCallback, useContext, useEffect, useReducer, useRef } from 'preact/hooks';
import { ApiError, ask } from './api.ts';
import { reduceResource, retryDelay, unknown } from './resource.ts';
import type { Resource, ResourceEvent } from './resource.ts';
import { SessionContext } from './session-context.ts';

/** A resource, and asking for it at once. */
export interface Reading<T> extends Resource<T> {
  again: () => void;
}

/**
 * Reads `path` now and every `everyMs` (never again where undefined) while the page is visible; failures are tried again by
 * themselves. An undefined path reads nothing.
 */
export function useResource<T>(path: string | undefined, everyMs?: number): Reading<T> {
  const [state, dispatch] = useReducer<Resource<T>, ResourceEvent<T>>(reduceResource, unknown<T>());
  const { signedOut } = useContext(SessionContext);
  const againRef = useRef<() => void>(() => {});
  useEffect(() => {
    dispatch({ type: 'asked', path });
    if (path === undefined) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let asking = false;
    async function read(from: string): Promise<void> {
      if (asking) return;
      asking = true;
      clearTimeout(timer);
      let next = everyMs;
      try {
        const data = await ask<T>(from, { signal: stop.signal });
        failures = 0;
        dispatch({ type: 'answered', path: from, data });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        failures++;
        dispatch({ type: 'failed', path: from, error });
        if (error.kind === 'unauthorized') return signedOut();
        const lasting = error.kind === 'invalid' || error.kind === 'forbidden';
        next = lasting
          ? undefined
          : Math.max(retryDelay(failures, error), error.kind === 'not-found' ? 5_000 : 0);
      } finally {
        asking = false;
      }
      if (next !== undefined && !document.hidden && !stop.signal.aborted)
        timer = setTimeout(() => void read(from), next);
    }
    function look(): void {
      if (document.hidden) clearTimeout(timer);
      else if (everyMs !== undefined || failures > 0) void read(path as string);
    }
    againRef.current = () => void read(path);
    document.addEventListener('visibilitychange', look);
    void read(path);
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [path, everyMs, signedOut]);
  const again = useCallback(() => againRef.current(), []);
  // Between a change of the path and the effect, the state is that of the question before.
  const shown = state.path === path ? state : reduceResource(state, { type: 'asked', path });
  return { ...shown, again };
}
