// The sessions of one key that end within one span of time: how they are written as one value.
import type { Session } from '../api/session-store.ts';
import { serialize, type Serde } from '../api/serde.ts';

/** Sessions in the order of their ends. */
export type SessionList<V> = readonly Session<V>[];

/**
 * Each session as `<start>,<end>,<length>,<text>`; as bytes, two times eight, four of length, and the value.
 */
export function sessionListSerde<V>(inner: Serde<V>): Serde<SessionList<V>> {
  if (inner.format === 'text') {
    return {
      format: 'text',
      serialize(sessions) {
        let all = '';
        for (const { start, end, value } of sessions) {
          const text = inner.serialize(value);
          all += `${start},${end},${text.length},${text}`;
        }
        return all;
      },
      deserialize(text) {
        const sessions: Session<V>[] = [];
        for (let at = 0; at < text.length;) {
          const numbers = [0, 0, 0].map(() => {
            const comma = text.indexOf(',', at);
            const number = Number(text.slice(at, comma));
            at = comma + 1;
            return number;
          });
          const [start = 0, end = 0, length = 0] = numbers;
          sessions.push({ start, end, value: inner.deserialize(text.slice(at, at + length)) });
          at += length;
        }
        return sessions;
      },
    };
  }
  return {
    format: 'bytes',
    serialize(sessions) {
      const parts = sessions.flatMap(({ start, end, value }) => {
        const bytes = serialize(inner, value) as Uint8Array;
        const head = Buffer.allocUnsafe(headBytes);
        head.writeBigInt64BE(BigInt(start), 0);
        head.writeBigInt64BE(BigInt(end), 8);
        head.writeUInt32BE(bytes.length, 16);
        return [head, bytes];
      });
      return Buffer.concat(parts);
    },
    deserialize(bytes) {
      const sessions: Session<V>[] = [];
      for (let at = 0; at < bytes.length;) {
        const start = Number(bytes.readBigInt64BE(at));
        const end = Number(bytes.readBigInt64BE(at + 8));
        const next = at + headBytes + bytes.readUInt32BE(at + 16);
        sessions.push({ start, end, value: inner.deserialize(bytes.subarray(at + headBytes, next)) });
        at = next;
      }
      return sessions;
    },
  };
}

const headBytes = 20;

/** The list with a session in its place, instead of one with the same bounds. */
export function withSession<V>(list: SessionList<V>, session: Session<V>): SessionList<V> {
  const { start, end } = session;
  const at = list.findIndex((other) => other.end > end || (other.end === end && other.start >= start));
  if (at < 0) return [...list, session];
  const same = list[at]?.end === end && list[at].start === start;
  return [...list.slice(0, at), session, ...list.slice(same ? at + 1 : at)];
}

/** The list without one session. */
export function withoutSession<V>(list: SessionList<V>, start: number, end: number): SessionList<V> {
  return list.filter((other) => other.end !== end || other.start !== start);
}
