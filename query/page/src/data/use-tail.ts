// The hook that reads the live tail: an EventSource, with what it cannot do by itself.
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Log, Session } from './answers.ts';
import { ask } from './api.ts';
import { retryDelay } from './resource.ts';
import { SessionContext } from './session-context.ts';

/** How the connection is. */
export type TailState = 'off' | 'connecting' | 'open' | 'reconnecting';

/** What the reader is told. */
export interface TailListener {
  /** The tail has begun: whatever is stored from now on will arrive. */
  opened: () => void;
  arrived: (logs: Log[]) => void;
}

const flushMs = 200;

/**
 * Reads the tail of `query` while the component is shown; undefined: does not. The browser resumes a broken
 * connection without a gap.
 */
export function useTail(query: string | undefined, listener: TailListener): TailState {
  const [state, setState] = useState<TailState>('connecting');
  const { signedOut } = useContext(SessionContext);
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    if (query === undefined) return;
    let source: EventSource;
    let waiting: Log[] = [];
    let flushing: ReturnType<typeof setTimeout> | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    function flush(): void {
      flushing = undefined;
      const logs = waiting;
      waiting = [];
      latest.current.arrived(logs);
    }
    // The browser gives up after any answer but 200, and does not say which it was.
    async function afterRefusal(): Promise<void> {
      const session = await ask<Session>('/api/session').catch(() => undefined);
      if (session && !session.signedIn) return signedOut();
      retry = setTimeout(connect, retryDelay(++failures, undefined));
    }
    function connect(): void {
      source = new EventSource(`/api/logs/tail${query === '' ? '' : `?${query}`}`);
      source.addEventListener('open', () => {
        failures = 0;
        setState('open');
        latest.current.opened();
      });
      source.addEventListener('log', (event: MessageEvent<string>) => {
        waiting.push(JSON.parse(event.data) as Log);
        flushing ??= setTimeout(flush, flushMs);
      });
      source.addEventListener('error', () => {
        setState('reconnecting');
        if (source.readyState === EventSource.CLOSED) void afterRefusal();
      });
    }
    setState('connecting');
    connect();
    return () => {
      source.close();
      clearTimeout(flushing);
      clearTimeout(retry);
    };
  }, [query, signedOut]);
  return query === undefined ? 'off' : state;
}
