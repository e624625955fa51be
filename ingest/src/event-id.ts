// Event ids of the edge's making: UUID version 7, which sort by time.
import { randomFillSync } from 'node:crypto';

const randomPart = 10;
// One call for many ids: asking the system for ten bytes costs more than all the rest.
const pool = new Uint8Array(randomPart * 512);
let used = pool.length;

const hexOf: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

// Many ids are made in one millisecond.
let timeOfPrefix = -1;
let prefix = '';

/** A UUIDv7 for the given time in milliseconds. */
export function uuidV7(now: number): string {
  if (now !== timeOfPrefix) {
    const time = now.toString(16).padStart(12, '0');
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-`;
    timeOfPrefix = now;
  }
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const version = hex(0x70 | (next() & 0x0f)) + hex(next());
  const variant = hex(0x80 | (next() & 0x3f)) + hex(next());
  return `${prefix}${version}-${variant}-${hex(next())}${hex(next())}${hex(next())}${hex(next())}${hex(next())}${hex(next())}`;
}

function next(): number {
  return pool[used++] ?? 0;
}

function hex(byte: number): string {
  return hexOf[byte] ?? '';
}
