// The serdes that a step cannot do without.
import { FatalError } from '../api/errors.ts';

/** Serdes by what they are for, of which some may be missing. */
type Serdes = { [purpose in 'key' | 'value']?: object | undefined };

/**
 * The same serdes, none of them missing.
 * @throws FatalError that names the step, what is missing, and where to pass it: to the step, unless given.
 */
export function requireSerdes<S extends Serdes>(
  serdes: S,
  step: string,
  passTo = 'it',
): { [purpose in keyof S]: NonNullable<S[purpose]> } {
  const missing = Object.entries(serdes).flatMap(([purpose, serde]) => (serde ? [] : [purpose]));
  if (missing.length > 0) {
    throw new FatalError(
      'TOPOLOGY_INVALID',
      `${step} needs a ${missing.join(' and a ')} serde: pass { ${missing.map((m) => `${m}: …`).join(', ')} } to ${passTo}`,
    );
  }
  return serdes as { [purpose in keyof S]: NonNullable<S[purpose]> };
}
