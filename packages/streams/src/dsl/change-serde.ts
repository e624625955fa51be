// The serde of a table's changes on their way through a repartition topic: the new value and the old.
import type { Change } from '../api/record.ts';
import type { Serde } from '../api/serde.ts';

/** Changes as a JSON pair of texts, or as a length and two runs of bytes. */
export function changeSerde<V>(inner: Serde<V>): Serde<Change<V>> {
  if (inner.format === 'text') {
    const write = (value: V | undefined): string | null =>
      value === undefined ? null : inner.serialize(value);
    const read = (text: string | null): V | undefined =>
      text === null ? undefined : inner.deserialize(text);
    return {
      format: 'text',
      serialize: ({ newValue, oldValue }) => JSON.stringify([write(newValue), write(oldValue)]),
      deserialize(text) {
        const [newText, oldText] = JSON.parse(text) as [string | null, string | null];
        return { newValue: read(newText), oldValue: read(oldText) };
      },
    };
  }
  const part = (value: V | undefined): Buffer => {
    const bytes = value === undefined ? Buffer.alloc(0) : Buffer.from(inner.serialize(value));
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === undefined ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return {
    format: 'bytes',
    serialize: ({ newValue, oldValue }) => Buffer.concat([part(newValue), part(oldValue)]),
    deserialize(bytes) {
      const newLength = bytes.readInt32BE(0);
      const oldAt = 4 + Math.max(newLength, 0);
      const oldLength = bytes.readInt32BE(oldAt);
      const read = (at: number, length: number): V | undefined =>
        length < 0 ? undefined : inner.deserialize(bytes.subarray(at, at + length));
      return { newValue: read(4, newLength), oldValue: read(oldAt + 4, oldLength) };
    },
  };
}
