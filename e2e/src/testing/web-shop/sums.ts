// The shop's own sums of the calls that it made: what every count of the pipeline must be.
import { typeOf, type MadeCall } from './calls.ts';

/** Counts by whatever they are counted by. */
export type Counts = Record<string, number>;

/** How long the units of time are, in milliseconds. */
export const lengths = { hour: 3_600_000, day: 86_400_000 } as const;
export type Unit = keyof typeof lengths;

/** The beginning of the hour or day of UTC that a time is in. */
export function startOf(time: number, unit: Unit): string {
  return new Date(Math.floor(time / lengths[unit]) * lengths[unit]).toISOString();
}

/** Counts by a name; what has none is left out. The names are in the order of the alphabet. */
export function countBy<T>(list: readonly T[], nameOf: (one: T) => string | undefined): Counts {
  const counts = new Map<string, number>();
  for (const one of list) {
    const name = nameOf(one);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return sorted(counts);
}

/** Counts, or sums, in the order of their names, without those that are 0. */
export function sorted(counts: Iterable<readonly [string, number]>): Counts {
  const some = [...counts].filter(([, count]) => count !== 0);
  return Object.fromEntries(some.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Adds amounts of money, in hundredths, by a name. */
export function sumOf(list: Iterable<readonly [name: string, amount: unknown]>): Counts {
  const sums = new Map<string, number>();
  for (const [name, amount] of list) {
    sums.set(name, (sums.get(name) ?? 0) + Math.round(Number(amount) * 100));
  }
  return sorted(sums);
}

/** By type. */
export function byType(calls: readonly MadeCall[]): Counts {
  return countBy(calls, typeOf);
}

/** By the beginning of the hour or day, and by type. */
export function byTime(calls: readonly MadeCall[], unit: Unit): Counts {
  return countBy(calls, (call) => `${startOf(call.time, unit)} ${typeOf(call)}`);
}

/** By user. */
export function byUser(calls: readonly MadeCall[]): Map<string, MadeCall[]> {
  return Map.groupBy(calls, ({ user }) => user);
}

/** What was paid and paid back: by type, day and currency, in hundredths. */
export function moneyOf(calls: readonly MadeCall[]): Counts {
  return sumOf(
    calls.flatMap((call) => {
      const { currency, total, amount = total } = call.properties;
      if (typeof currency !== 'string') return [];
      return [[`${typeOf(call)} ${startOf(call.time, 'day')} ${currency}`, amount] as const];
    }),
  );
}
