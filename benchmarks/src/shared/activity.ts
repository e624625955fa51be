// The activity that benchmarks send: the same events at every run.
import { createHash } from 'node:crypto';
import { defaultActivityTypes } from '@activity/contracts';

/** An event without its time. */
export interface Activity {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: Record<string, string>;
}

/** Always the same seven, so that figures of different versions can be compared. */
const activityTypes = defaultActivityTypes.slice(0, 7);

/** The bytes that everything about an event is drawn from. */
export function seedOf(index: number): Buffer {
  return createHash('md5').update(String(index)).digest();
}

/** One event of some users. */
export function activityOf(index: number, users: number, seed: Buffer = seedOf(index)): Activity {
  return {
    eventId: `${seed.toString('hex', 0, 8)}-${index}`,
    userId: `user-${seed.readUInt32BE(6) % users}`,
    activityType: activityTypes[seed.readUInt8(10) % activityTypes.length] ?? 'LOGIN',
    metadata: {
      device: 'mobile',
      ip: `10.${seed[11]}.${seed[12]}.${seed[13]}`,
      page: `/products/${index % 5000}`,
      referrer: `https://example.com/c/${index % 100}`,
    },
  };
}
