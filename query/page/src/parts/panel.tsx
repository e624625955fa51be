// A panel: a titled part of a view, with its states.
import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';
import type { Reading } from '../data/use-resource.ts';
import { Failed, Skeleton, StaleNote } from './states.tsx';

interface PanelProps {
  title: string;
  /** Beside the title. */
  aside?: ComponentChildren;
  className?: string;
  children: ComponentChildren;
}

/** A titled part of a view. */
export function Panel({ title, aside, className = '', children }: PanelProps): VNode {
  const id = useId();
  return (
    <section class={`panel ${className}`} aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

interface LoadedProps<T> {
  reading: Reading<T>;
  lines?: number;
  children: (data: T) => ComponentChildren;
}

/** What was read; until then, and where it cannot be, that. */
export function Loaded<T>({ reading, lines, children }: LoadedProps<T>): VNode {
  const { data, error, changing, again } = reading;
  if (data === undefined) {
    return error ? <Failed error={error} again={again} /> : <Skeleton {...(lines && { lines })} />;
  }
  return (
    <div class={error ? 'loaded old' : 'loaded'} aria-busy={changing}>
      <StaleNote error={error} />
      {children(data)}
    </div>
  );
}
