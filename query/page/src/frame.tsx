// What is round every view: where one can go, how fresh the numbers are, the theme.
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Pipeline } from './data/answers.ts';
import { freshnessOf, isAway } from './data/freshness.ts';
import type { Resource } from './data/resource.ts';
import { useNow } from './data/use-now.ts';
import { Icon } from './parts/icon.tsx';
import { ThemeButton } from './parts/theme-button.tsx';
import { hashOf, noFilter, overviewPlace, userPlace } from './router.ts';
import type { Place } from './router.ts';
import { clock, timeZone } from './text/format.ts';
import { titleOf } from './title.ts';
import { go } from './use-place.ts';

interface FrameProps {
  place: Place;
  pipeline: Resource<Pipeline>;
  onSignOut?: () => void;
  children: ComponentChildren;
}

const links: { label: string; place: Place; views: Place['view'][] }[] = [
  { label: 'Overview', place: overviewPlace, views: ['overview'] },
  { label: 'Events', place: { view: 'events', filter: noFilter }, views: ['events'] },
  { label: 'Find an event', place: { view: 'find' }, views: ['find', 'event'] },
  { label: 'Types', place: { view: 'types' }, views: ['types'] },
  { label: 'Pipeline', place: { view: 'pipeline' }, views: ['pipeline'] },
];

/** The frame. */
export function Frame({ place, pipeline, onSignOut, children }: FrameProps): VNode {
  const main = useRef<HTMLElement>(null);
  const title = titleOf(place);
  const first = useRef(true);
  const shown = place.view === 'events' ? `${title} ${place.filter.cursor}` : title;
  useEffect(() => {
    document.title = title === 'Overview' ? 'Activity' : `${title} · Activity`;
    if (!first.current) {
      // As a page load would: to the top, and on to the new heading for those who hear it.
      scrollTo(0, 0);
      main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [shown]);
  return (
    <>
      <header class="top">
        <a
          class="skip"
          href={hashOf(place)}
          onClick={(event) => {
            event.preventDefault();
            main.current?.focus();
          }}
        >
          Skip to the content
        </a>
        <div class="top-inner">
          <a class="brand" href="#/">
            <Icon name="pulse" />
            <span>Activity</span>
          </a>
          <nav aria-label="Views">
            {links.map(({ label, place: to, views }) => (
              <a key={label} href={hashOf(to)} aria-current={views.includes(place.view) ? 'page' : undefined}>
                {label}
              </a>
            ))}
          </nav>
          <UserSearch />
          <div class="top-end">
            <FreshnessLight pipeline={pipeline} />
            <ThemeButton />
            {onSignOut && (
              <button type="button" class="button plain" onClick={onSignOut}>
                Sign out
              </button>
            )}
          </div>
        </div>
      </header>
      <main ref={main} tabIndex={-1}>
        <AwayNote pipeline={pipeline} />
        {children}
      </main>
      <footer>
        <p>
          Times in {timeZone.replaceAll('_', ' ')} · <a href="/docs">API</a>
        </p>
      </footer>
    </>
  );
}

/** Nothing can be had just now: what is still shown is of before. */
function AwayNote({ pipeline }: { pipeline: Resource<Pipeline> }): VNode {
  const { data, error } = pipeline;
  const why =
    error?.kind === 'offline'
      ? 'The query service cannot be reached.'
      : `The query service cannot answer: ${error?.message}.`;
  return (
    <div role="status">
      {isAway(pipeline) && data && (
        <p class="note">
          <Icon name="alert" />
          <span>
            {why} {data.asOf && `What is shown is of ${clock(data.asOf)}. `}Trying again by itself.
          </span>
        </p>
      )}
    </div>
  );
}

function UserSearch(): VNode {
  return (
    <form
      class="user-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const input = event.currentTarget.elements.namedItem('user') as HTMLInputElement;
        const userId = input.value.trim();
        if (userId === '') return;
        input.value = '';
        go(userPlace(userId));
      }}
    >
      <label class="hidden" for="user-search">
        Go to a user
      </label>
      <input id="user-search" name="user" type="search" placeholder="Go to a user …" autocomplete="off" />
    </form>
  );
}

function FreshnessLight({ pipeline }: { pipeline: Resource<Pipeline> }): VNode {
  const now = useNow(1_000);
  const { level, text } = freshnessOf(pipeline, now);
  const asOf = pipeline.data?.asOf;
  const said = level === 'fresh' && asOf ? `As of ${clock(asOf)}` : text;
  const unwell = level === 'fresh' && pipeline.data?.healthy === false;
  return (
    <a class={`freshness ${unwell ? 'stale' : level}`} href="#/pipeline">
      <span class="light" aria-hidden="true" />
      <span class="freshness-text">{unwell ? 'Pipeline needs attention' : said}</span>
      {/* The text changes every second: what is announced is only whether it is well. */}
      <span class="hidden" role="status">
        {unwell ? 'Pipeline needs attention' : level === 'stale' ? 'Numbers are stale' : text}
      </span>
    </a>
  );
}
