// Event ids of the edge's making: UUID version 7, which sort by time.
import { randomFillSync } from 'node:crypto';

// One call for many ids: asking the system for ten bytes, or writing them as text, costs more than all the
// rest.
const pool = Buffer.allocUnsafeSlow(10 * 512);
/** The pool as text: twenty digits an id. */
let digits = '';
let used = 0;

// Many ids are made in one millisecond.
let timeOfPrefix = -1;
let prefix = '';

/** A UUIDv7 for the given time in milliseconds. */
export function uuidV7(now: number): string {
  if (now !== timeOfPrefix) {
    const time = now.toString(16).padStart(12, '0');
    prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
    timeOfPrefix = now;
  }
  if (used === digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  const from = used;
  used += 20;
  // The first digit is not used otherwise.
  const variant = variants[(pool[from / 2] ?? 0) >> 6] ?? '';
  return `${prefix}${digits.slice(from + 1, from + 4)}-${variant}${digits.slice(from + 4, from + 7)}-${digits.slice(from + 7, from + 19)}`;
}

/** The digits that RFC 9562 allows in the variant's place. */
const variants = ['8', '9', 'a', 'b'];
