// What a place is called.
import type { Place } from './router.ts';

/** The title of a place. */
export function titleOf(place: Place): string {
  switch (place.view) {
    case 'overview':
      return 'Overview';
    case 'events':
      return 'Events';
    case 'user':
      return `User ${place.userId}`;
    case 'event':
      return `Event ${place.eventId}`;
    case 'find':
      return 'Find an event';
    case 'pipeline':
      return 'Pipeline';
    case 'types':
      return 'Types';
    case 'nowhere':
      return 'Not found';
  }
}
