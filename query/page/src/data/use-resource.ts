// The hook that reads a resource while a component shows it.
import { useCallback, useContext, useEffect, useReducer, useRef } from 'preact/hooks';
import { ask } from './api.ts';
import { startPoll } from './poll.ts';
import type { Poll } from './poll.ts';
import { reduceResource, unknown } from './resource.ts';
import type { Resource, ResourceEvent } from './resource.ts';
import { SessionContext } from './session-context.ts';

/** A resource, and asking for it at once. */
export interface Reading<T> extends Resource<T> {
  again: () => void;
}

/**
 * Reads `path` now and every `everyMs` (never again where undefined) while the page is visible; failures are
 * tried again by themselves. An undefined path reads nothing.
 */
export function useResource<T>(path: string | undefined, everyMs?: number): Reading<T> {
  const [state, dispatch] = useReducer<Resource<T>, ResourceEvent<T>>(reduceResource, unknown<T>());
  const { signedOut } = useContext(SessionContext);
  const running = useRef<Poll>(undefined);
  useEffect(() => {
    dispatch({ type: 'asked', path });
    if (path === undefined) return;
    const poll = startPoll<T>({
      read: (signal) => ask<T>(path, { signal }),
      everyMs,
      answered: (data) => dispatch({ type: 'answered', path, data }),
      failed: (error) => {
        dispatch({ type: 'failed', path, error });
        if (error.kind === 'unauthorized') signedOut();
      },
      hidden: () => document.hidden,
    });
    running.current = poll;
    document.addEventListener('visibilitychange', poll.look);
    return () => {
      poll.stop();
      document.removeEventListener('visibilitychange', poll.look);
    };
  }, [path, everyMs, signedOut]);
  const again = useCallback(() => running.current?.now(), []);
  // Between a change of the path and the effect, the state is that of the question before.
  const shown = state.path === path ? state : reduceResource(state, { type: 'asked', path });
  return { ...shown, again };
}
