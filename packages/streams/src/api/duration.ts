// Durations: milliseconds, or text such as '30s', '5m', '1h', '1d'.
import { FatalError } from './errors.ts';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds as a number, or a whole number with a unit: `ms`, `s`, `m`, `h`, `d`. A day is 24 hours. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/**
 * A duration in milliseconds.
 * @throws FatalError with TOPOLOGY_INVALID for anything that is not a whole, non-negative duration.
 * @example milliseconds('5m') // 300000
 */
export function milliseconds(duration: Duration): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(String(duration));
  const written = match ? Number(match[1]) * units[match[2] as keyof typeof units] : Number.NaN;
  const value = typeof duration === 'number' ? duration : written;
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new FatalError('TOPOLOGY_INVALID', `${duration} is not a duration; write milliseconds, or '5m'`);
  }
  return value;
}
