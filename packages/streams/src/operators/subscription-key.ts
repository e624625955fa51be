// The keys of subscriptions: foreign key first, so that all that are of one are found together.
import type { Serde } from '../api/serde.ts';

/** A row of the left table under its foreign key. */
export interface SubscriptionKey<FK, K> {
  readonly foreignKey: FK;
  readonly primaryKey: K;
}

/** The text of a serialized key: bytes become one character each. */
function textOfKey<T>(serde: Serde<T>, key: T): string {
  const data = serde.serialize(key);
  return typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
}

function keyOfText<T>(serde: Serde<T>, text: string): T {
  return serde.format === 'text' ? serde.deserialize(text) : serde.deserialize(Buffer.from(text, 'latin1'));
}

/** What the texts of all keys with a foreign key begin with. */
export function foreignPrefix<FK>(serde: Serde<FK>, foreignKey: FK): string {
  const text = textOfKey(serde, foreignKey).toWellFormed();
  return `${text.length}:${text}`;
}

/** How much of the text of a key is its foreign key, its length included. */
export function foreignPrefixLength(text: string): number {
  const colon = text.indexOf(':');
  return colon < 0 ? 0 : colon + 1 + Number(text.slice(0, colon));
}

/** Keys as `<length of the foreign key>:<foreign key><primary key>`. */
export function subscriptionKeySerde<FK, K>(
  foreignKey: Serde<FK>,
  primaryKey: Serde<K>,
): Serde<SubscriptionKey<FK, K>> {
  return {
    format: 'text',
    serialize: (key) => foreignPrefix(foreignKey, key.foreignKey) + textOfKey(primaryKey, key.primaryKey),
    deserialize(text) {
      const end = foreignPrefixLength(text);
      return {
        foreignKey: keyOfText(foreignKey, text.slice(text.indexOf(':') + 1, end)),
        primaryKey: keyOfText(primaryKey, text.slice(end)),
      };
    },
  };
}
