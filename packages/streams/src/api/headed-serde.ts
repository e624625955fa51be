// Values that are kept with the headers of their records.
import type { Header, RecordHeaders } from './record.ts';
import type { Serde } from './serde.ts';

type TextHeader = [key: string, value: string | null];

function writeHeaders(headers: RecordHeaders): TextHeader[] {
  return headers.map(({ key, value }) => [
    key,
    value === null ? null : Buffer.from(value).toString('base64'),
  ]);
}

function readHeaders(headers: readonly TextHeader[]): Header[] {
  return headers.map(([key, value]) => ({
    key,
    value: value === null ? null : Buffer.from(value, 'base64'),
  }));
}

/**
 * A body and headers: as text, a JSON list of the body's text and the headers; as bytes, the length of the
 * headers, these, and the body.
 */
export function headedSerde<B, T extends { readonly headers: RecordHeaders }>(
  name: string,
  inner: Serde<B>,
  bodyOf: (value: T) => B,
  make: (body: B, headers: RecordHeaders) => T,
): Serde<T> {
  if (inner.format === 'text') {
    return {
      format: 'text',
      name,
      serialize: (value) => JSON.stringify([inner.serialize(bodyOf(value)), ...writeHeaders(value.headers)]),
      deserialize(text) {
        const [body, ...headers] = JSON.parse(text) as [string, ...TextHeader[]];
        return make(inner.deserialize(body), readHeaders(headers));
      },
    };
  }
  return {
    format: 'bytes',
    name,
    serialize(value) {
      const text = Buffer.from(JSON.stringify(writeHeaders(value.headers)));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return Buffer.concat([length, text, inner.serialize(bodyOf(value))]);
    },
    deserialize(bytes) {
      const from = 4 + bytes.readUInt32BE();
      const headers = JSON.parse(bytes.toString('utf8', 4, from)) as TextHeader[];
      return make(inner.deserialize(bytes.subarray(from)), readHeaders(headers));
    },
  };
}
