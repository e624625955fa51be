// The keys of subscriptions: foreign key first, so that all that are of one are found together.
import { keyText } from '../api/key-text.ts';
import type { Serde } from '../api/serde.ts';

/** A row of the left table under its foreign key. */
export interface SubscriptionKey<FK, K> {
  readonly foreignKey: FK;
  readonly primaryKey: K;
}

/** What the texts of all keys begin with whose foreign key has this text. */
export function foreignPrefix(foreignText: string): string {
  return `${foreignText.length}:${foreignText}`;
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
  const [foreign, primary] = [keyText(foreignKey), keyText(primaryKey)];
  return {
    format: 'text',
    serialize: (key) => foreignPrefix(foreign.write(key.foreignKey)) + primary.write(key.primaryKey),
    deserialize(text) {
      const end = foreignPrefixLength(text);
      return {
        foreignKey: foreign.read(text.slice(text.indexOf(':') + 1, end)),
        primaryKey: primary.read(text.slice(end)),
      };
    },
  };
}
