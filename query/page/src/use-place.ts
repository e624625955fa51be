// The hook that follows the address.
import { useEffect, useState } from 'preact/hooks';
import { hashOf, placeOf } from './router.ts';
import type { Place } from './router.ts';

/** The place that the address names now. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const follow = (): void => setPlace(placeOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return place;
}

/** Goes to a place. */
export function go(place: Place): void {
  location.hash = hashOf(place);
}
