// How the live tail is, and the button that pauses it.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveList } from '../data/use-live-list.ts';
import { count, counted } from '../text/format.ts';
import { Icon } from './icon.tsx';

const said = { off: 'Not live', connecting: 'Connecting', open: 'Live', reconnecting: 'Connecting again' };
const announceMs = 10_000;

/** The tail's state, and its pause button. */
export function TailSwitch({ list }: { list: LiveList }): VNode | null {
  const { tail, rows, pause, resume } = list;
  const announced = useAnnouncement(rows.arrivals, rows.paused);
  if (tail === 'off') return null;
  const held = rows.held.length;
  return (
    <div class="tail-switch">
      <span class={`tail-state ${rows.paused ? 'paused' : tail}`}>
        <span class="light" aria-hidden="true" />
        {rows.paused && tail === 'open' ? 'Paused' : said[tail]}
      </span>
      <button type="button" class="button small" onClick={rows.paused ? resume : pause}>
        <Icon name={rows.paused ? 'play' : 'pause'} />
        {rows.paused ? `Resume${held > 0 ? ` (${count(held)} new)` : ''}` : 'Pause'}
      </button>
      <span class="hidden" role="status">
        {announced}
      </span>
    </div>
  );
}

/** Says how many have come, at most once in ten seconds: rows one by one would be too much to hear. */
function useAnnouncement(arrivals: number, paused: boolean): string {
  const [text, setText] = useState('');
  const told = useRef(0);
  const latest = useRef(arrivals);
  latest.current = arrivals;
  useEffect(() => {
    if (paused) return;
    const timer = setInterval(() => {
      const fresh = latest.current - told.current;
      told.current = latest.current;
      if (fresh > 0) setText(counted(fresh, 'new event'));
    }, announceMs);
    return () => clearInterval(timer);
  }, [paused]);
  return text;
}
