// What stands where nothing can be shown: not yet, nothing there, not available.
import type { ComponentChildren, VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { ApiError, FailureKind } from '../data/api.ts';
import { AwayContext } from '../data/session-context.ts';
import { Icon } from './icon.tsx';

const words: Record<FailureKind, { title: string; hint: string }> = {
  offline: { title: 'No connection', hint: 'The query service cannot be reached. Trying again by itself.' },
  unavailable: { title: 'Not available right now', hint: 'Trying again by itself.' },
  unauthorized: { title: 'Signed out', hint: 'Sign in again.' },
  forbidden: {
    title: 'Not allowed',
    hint: 'Your key may not read this. Sign in with one that has the scope read.',
  },
  'not-found': { title: 'Not there', hint: '' },
  invalid: { title: 'The question is wrong', hint: 'Change the filters.' },
  broken: { title: 'The service has a fault', hint: 'Trying again by itself; its log says more.' },
};

/** A failure, in the place of what it kept from being shown. */
export function Failed({ error, again }: { error: ApiError; again?: () => void }): VNode {
  const { title, hint } = words[error.kind];
  // What is said for the whole page already need not be heard once a panel.
  const away = useContext(AwayContext);
  return (
    <div class="state failed" {...(!away && { role: 'alert' })}>
      <Icon name="alert" />
      <p class="state-title">{title}</p>
      <p>
        {sentence(error.message)} {hint}
      </p>
      {again && (
        <button type="button" class="button" onClick={again}>
          Try now
        </button>
      )}
    </div>
  );
}

/** A failure, beside older data that is still shown. */
export function StaleNote({ error }: { error: ApiError | undefined }): VNode | null {
  const away = useContext(AwayContext);
  if (!error || away) return null;
  return (
    <p class="note" role="status">
      <Icon name="alert" />
      <span>Not up to date: {error.message}. Trying again.</span>
    </p>
  );
}

/** Nothing there, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children}
    </div>
  );
}

/** Lines where text will be. */
export function Skeleton({ lines = 5 }: { lines?: number }): VNode {
  return (
    <div class="skeleton">
      <span class="hidden">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} class="skeleton-line" aria-hidden="true" />
      ))}
    </div>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
