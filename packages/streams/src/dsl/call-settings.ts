// The settings of calls that a step awaits, checked.
import type { AsyncOptions, CallSettings } from '../api/async-processor.ts';
import { milliseconds } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import { keyText } from '../api/key-text.ts';
import type { Serde } from '../api/serde.ts';
import { requireSerdes } from './require-serdes.ts';

/** setTimeout takes no more. */
const maxTimeoutMs = 2 ** 31 - 1;

/**
 * What the options of a step say, `step` being its name in messages.
 * @throws FatalError with TOPOLOGY_INVALID for options that cannot be, with the remedy.
 */
export function callSettings<K>(
  step: string,
  {
    maxInFlight = 100,
    order = 'key',
    timeout = '10s',
    retries = 3,
    backoff = { from: '100ms', to: '5s' },
    isRetriable = () => true,
  }: AsyncOptions,
  key: Serde<K> | undefined,
): CallSettings {
  const refuse = (what: string): never => {
    throw new FatalError('TOPOLOGY_INVALID', `${step}: ${what}`);
  };
  if (!Number.isSafeInteger(maxInFlight) || maxInFlight < 1)
    refuse(`maxInFlight is ${maxInFlight}; it must be a whole number from 1, such as 100`);
  if (!Number.isSafeInteger(retries) || retries < 0)
    refuse(`retries is ${retries}; it must be a whole number from 0 (no retry)`);
  const timeoutMs = milliseconds(timeout);
  if (timeoutMs < 1 || timeoutMs > maxTimeoutMs)
    refuse(
      `timeout is ${timeout}; it must be from 1 ms to 24 days: a call without an end would hold up commits`,
    );
  const range = { from: milliseconds(backoff.from), to: milliseconds(backoff.to) };
  if (range.from > range.to || range.to > maxTimeoutMs)
    refuse(
      `backoff goes from ${backoff.from} to ${backoff.to}; let it end at or after where it begins, and within 24 days`,
    );
  const known: readonly string[] = ['key', 'none'];
  if (!known.includes(order)) refuse(`order is ${order}; it must be 'key' or 'none'`);
  return {
    maxInFlight,
    keyOf: order === 'key' ? keyOf(step, key) : undefined,
    timeoutMs,
    retries,
    backoff: range,
    isRetriable,
  };
}

function keyOf<K>(step: string, serde: Serde<K> | undefined): CallSettings['keyOf'] {
  const { key } = requireSerdes(
    { key: serde },
    `${step} with order: 'key'`,
    "the step before, or choose order: 'none'",
  );
  const { write } = keyText(key);
  return (of) => (of === undefined || of === null ? undefined : write(of as K));
}
