// Event ids of the edge's making: UUID version 7, which sort by time.
import { randomFillSync } from 'node:crypto';

const randomPart = 10;
// One call for many ids: asking the system for ten bytes costs more than all the rest.
const pool = Buffer.alloc(randomPart * 512);
let used = pool.length;

/** A UUIDv7 for the given time in milliseconds. */
export function uuidV7(now: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUIntBE(now, 0, 6);
  pool.copy(bytes, 6, used, used + randomPart);
  used += randomPart;
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
