// The filters of a list of events; each change is a new address.
import type { VNode } from 'preact';
import { activityTypes } from '../about-page.ts';
import { hashOf, noFilter } from '../router.ts';
import type { EventFilter, Range } from '../router.ts';

interface EventFiltersProps {
  filter: EventFilter;
  onChange: (filter: EventFilter) => void;
}

const rangeNames: Record<Range, string> = {
  all: 'Any time',
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  custom: 'From … to …',
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
          onChange={(event) => onChange({ ...filter, range: event.currentTarget.value as Range })}
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
              value={filter[name]}
              onChange={(event) => onChange({ ...filter, [name]: event.currentTarget.value })}
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
      {any && (
        <a class="clear" href={hashOf({ view: 'events', filter: noFilter })}>
          Clear filters
        </a>
      )}
    </form>
  );
}
