// A clock for texts such as "5 s ago".
import { useEffect, useState } from 'preact/hooks';
import { serverNow } from './api.ts';

/** The service's time; it changes every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
