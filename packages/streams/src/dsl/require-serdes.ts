// The serdes that a step cannot do without.
import { FatalError } from '../api/errors.ts';
import type { Serde } from '../api/serde.ts';

/** The serdes of a place. @throws FatalError that names the step and what to give it. */
export function requireSerdes<K, V>(
  { key, value }: { key: Serde<K> | undefined; value: Serde<V> | undefined },
  step: string,
): { key: Serde<K>; value: Serde<V> } {
  const missing = [key ? '' : 'key', value ? '' : 'value'].filter(Boolean);
  if (!key || !value) {
    throw new FatalError(
      'TOPOLOGY_INVALID',
      `${step} needs a ${missing.join(' and a ')} serde: pass { ${missing.map((m) => `${m}: …`).join(', ')} } to it`,
    );
  }
  return { key, value };
}
