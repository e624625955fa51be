// A type of activity.
import type { VNode } from 'preact';

/** The type's name; what sounds like trouble looks like it. */
export function TypeBadge({ type }: { type: string }): VNode {
  return <span class={/ERROR|FAIL/i.test(type) ? 'badge bad' : 'badge'}>{type}</span>;
}
