// What the dedupe remembers of an event, for whoever asks where the event is: read from the committed state
// of this instance.
import { hash } from 'node:crypto';
import { idText, type FirstCopyAnswer } from '@activity/contracts';
import type { MonitoringRoute } from '@activity/service';
import { readFirstCopy, type ReadableStore } from '@activity/streams';
import { z } from 'zod';
import { rawKeySerde } from './incoming.ts';
import { peopleStore, type Person } from './steps/person.ts';

/** Reads stores of this instance. */
export interface Stores {
  store<K, V>(name: string): Pick<ReadableStore<K, V>, 'get'>;
}

/** The name of the topology's dedupe. */
export const dedupeStep = 'dedupe';

const event = z.object({ userId: idText, eventId: idText });

/**
 * The dedupe's id of an event: the same as the topology's,
 * so that an event from before an erasure is another.
 */
export function dedupeIdOf(eventId: string, erasedBy: number): string {
  const id = eventId.length * 3 <= maxPlainBytes ? eventId : shortened(eventId);
  return erasedBy < 0 ? `|${id}` : `${erasedBy}|${id}`;
}

/**
 * The longest event id that is part of a store's key as it is, in bytes. The user's id before it takes up to
 * twice `maxIdBytes` there (a byte is a character of text), the erasure and the length 21 bytes, and a
 * store's key has at most 1,900.
 */
const maxPlainBytes = 340;

/** Longer ones by their hash. It begins with a blank, as no event id does. */
function shortened(eventId: string): string {
  if (Buffer.byteLength(eventId) <= maxPlainBytes) return eventId;
  return ` ${hash('sha256', eventId, 'base64url')}`;
}

/**
 * `GET /dedupe?userId=…&eventId=…`: `{ known: true, offset }` with the raw offset of the first copy; or `{
 * known: false }`: never seen, forgotten after DEDUPE_HOURS, or another instance's. An erased user has no
 * events from before: then with `erasedBy`, the command.
 */
export function firstCopyRoute(stores: Stores): MonitoringRoute {
  return async function firstCopy(query) {
    const parsed = event.safeParse(Object.fromEntries(query));
    if (!parsed.success) return { status: 400, body: { error: 'userId and eventId must be given' } };
    const { userId, eventId } = parsed.data;
    const person = await stores.store<string, Person>(peopleStore).get(userId);
    const erasedBy = person?.erasedBy ?? -1;
    const first = await readFirstCopy(stores, {
      step: dedupeStep,
      keySerde: rawKeySerde,
      key: userId,
      id: dedupeIdOf(eventId, erasedBy),
    });
    const body: FirstCopyAnswer = first
      ? { known: true, offset: first.offset }
      : { known: false, ...(erasedBy >= 0 && { erasedBy }) };
    return { status: 200, body };
  };
}
