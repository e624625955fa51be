// The filters of a list of events; each change is a new address.
import type { VNode } from 'preact';
import { activityTypes } from '../about-page.ts';
import { instantOf, toLocalInput } from '../range.ts';
import { hashOf, moreFilters, noFilter } from '../router.ts';
import type { EventFilter, ListRange } from '../router.ts';

interface EventFiltersProps {
  filter: EventFilter;
  onChange: (filter: EventFilter) => void;
}

const rangeNames: Record<ListRange, string> = {
  all: 'Any time',
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  custom: 'From … to …',
};

/** Filters that few lists have: shown when they are opened, or in use. */
const moreFields: Record<Exclude<(typeof moreFilters)[number], 'bot'>, { label: string; hint: string }> = {
  eventId: { label: 'Event id', hint: '' },
  session: { label: 'Session', hint: 'its number' },
  device: { label: 'Device', hint: 'desktop, mobile, tablet' },
  country: { label: 'Country', hint: 'two letters' },
  ip: { label: 'Address or network', hint: '203.0.112.0/22' },
};

/** The filters. */
export function EventFilters({ filter, onChange }: EventFiltersProps): VNode {
  const any =
    hashOf({ view: 'events', filter: { ...filter, cursor: '' } }) !==
    hashOf({ view: 'events', filter: noFilter });
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <div class="field">
        <label for="filter-user">User</label>
        <input
          id="filter-user"
          type="search"
          value={filter.userId}
          placeholder="Anyone"
          autocomplete="off"
          onChange={(event) => onChange({ ...filter, userId: event.currentTarget.value.trim() })}
        />
      </div>
      <div class="field">
        <label for="filter-range">Time</label>
        <select
          id="filter-range"
          value={filter.range}
          onChange={(event) => onChange({ ...filter, range: event.currentTarget.value as ListRange })}
        >
          {Object.entries(rangeNames).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </div>
      {filter.range === 'custom' &&
        (['from', 'to'] as const).map((name) => (
          <div key={name} class="field">
            <label for={`filter-${name}`}>{name === 'from' ? 'From' : 'To (not included)'}</label>
            <input
              id={`filter-${name}`}
              type="datetime-local"
              value={toLocalInput(filter[name])}
              onChange={(event) => onChange({ ...filter, [name]: instantOf(event.currentTarget.value) })}
            />
          </div>
        ))}
      <fieldset class="field chips">
        <legend>Types</legend>
        {activityTypes.map((type) => (
          <label key={type}>
            <input
              type="checkbox"
              checked={filter.types.includes(type)}
              onChange={(event) => {
                const others = filter.types.filter((one) => one !== type);
                onChange({ ...filter, types: event.currentTarget.checked ? [...others, type] : others });
              }}
            />
            <span>{type}</span>
          </label>
        ))}
      </fieldset>
      <details class="more-filters" open={moreFilters.some((name) => filter[name] !== '')}>
        <summary>More filters</summary>
        <div class="filters">
          {Object.entries(moreFields).map(([name, { label, hint }]) => (
            <div key={name} class="field">
              <label for={`filter-${name}`}>{label}</label>
              <input
                id={`filter-${name}`}
                type="search"
                value={filter[name as keyof typeof moreFields]}
                placeholder={hint}
                autocomplete="off"
                onChange={(event) => onChange({ ...filter, [name]: event.currentTarget.value.trim() })}
              />
            </div>
          ))}
          <div class="field">
            <label for="filter-bot">Robots</label>
            <select
              id="filter-bot"
              value={filter.bot}
              onChange={(event) =>
                onChange({ ...filter, bot: event.currentTarget.value as EventFilter['bot'] })
              }
            >
              <option value="">With robots</option>
              <option value="false">Without robots</option>
              <option value="true">Robots only</option>
            </select>
          </div>
        </div>
      </details>
      {any && (
        <a class="clear" href={hashOf({ view: 'events', filter: noFilter })}>
          Clear filters
        </a>
      )}
    </form>
  );
}
