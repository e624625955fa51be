// When a raw record arrived, by the broker's clock: what is decided by it is decided alike whenever the raw
// topic is read.
import { windowSizes } from '@activity/contracts';
import type { KeyValueStore, ProcessorContext } from '@activity/streams';
import { originStore } from './origin.ts';

/** The newest day on which a record of this partition has arrived, in epoch milliseconds. */
interface ArrivalDay {
  readonly start: number;
}

const entry = 'arrival-day';
const { day: dayMs } = windowSizes;

/**
 * The Kafka timestamp of the raw record that is being processed, in epoch milliseconds; see `isArrivalTime`.
 */
export function arrivalOf<K, V>(context: Pick<ProcessorContext<K, V>, 'position'>): number {
  const position = context.position();
  if (!position) throw new Error('asked for the arrival outside of a record');
  return position.timestamp;
}

/** The start of the day (UTC) that a time is in. */
export function dayOf(time: number): number {
  return Math.floor(time / dayMs) * dayMs;
}

/**
 * Returns a function that returns the arrival of the current record. Arrivals that go back by more than a day
 * count as of the day before the newest one, so that state of earlier days can go; `onDay` is called as each
 * day begins.
 */
export function arrivals<K, V>(
  context: ProcessorContext<K, V>,
  onDay: (start: number) => void,
): () => number {
  const store: KeyValueStore<string, ArrivalDay> = context.keyValueStore(originStore);
  let newest: number | undefined;
  context.onCommit({ beforeCommit() {}, afterAbort: () => (newest = undefined) });
  return function arrival(): number {
    const time = arrivalOf(context);
    newest ??= store.get(entry)?.start ?? -1;
    const day = dayOf(time);
    if (day > newest) {
      newest = day;
      store.put(entry, { start: day }, time);
      onDay(day);
    }
    return Math.max(time, newest - dayMs);
  };
}
