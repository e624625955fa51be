// Which dead letters are of users who were erased after the record was written first.
import { logId, replayedFromHeader } from '@activity/contracts';
import type { ReadRecord } from '@activity/streams';
import { z } from 'zod';
import { erasureIn } from '../eraser.ts';
import type { Letter } from './letter.ts';

/** The number of the newest erasure of each user. */
export type Erasures = ReadonlyMap<string, number>;

/**
 * Reads the erasures topic. A record that is no erasure is left out, as the eraser does, and its position,
 * `partition/offset`, given to `onUnreadable`: the processor did not write it, and refuses itself to replay
 * what is before an erasure.
 */
export async function readErasures(
  records: AsyncIterable<ReadRecord>,
  onUnreadable: (position: string) => void,
): Promise<Erasures> {
  const newest = new Map<string, number>();
  for await (const { partition, offset, value } of records) {
    if (value === null) continue;
    const erasure = erasureIn(value);
    if (erasure === undefined) onUnreadable(`${partition}/${offset}`);
    else newest.set(erasure.userId, Math.max(newest.get(erasure.userId) ?? -1, erasure._id));
  }
  return newest;
}

const withUser = z.object({ userId: z.string() });

/** The users that a letter may be of: its key, and what its value says. */
function usersOf({ key, value }: Letter): string[] {
  const users = key === null ? [] : [key.toString('utf8')];
  try {
    const parsed = withUser.safeParse(JSON.parse(value?.toString('utf8') ?? ''));
    if (parsed.success) users.push(parsed.data.userId);
  } catch {
    // Not JSON: the key alone says whose it is.
  }
  return users;
}

/** Where a letter's record was written first, as the header of its replays has it. */
export function firstPosition({ from, headers }: Letter): string {
  const header = headers.find(({ key }) => key === replayedFromHeader)?.value;
  return header ? Buffer.from(header).toString('utf8') : `${from.partition}/${from.offset}`;
}

/** The erasure of a letter's user that came after its record; undefined where there was none. */
export function erasureOf(letter: Letter, erasures: Erasures): number | undefined {
  const [partition = -1, offset = -1] = firstPosition(letter).split('/').map(Number);
  const found = usersOf(letter).map((userId) => erasures.get(userId) ?? -1);
  const newest = Math.max(-1, ...found);
  return partition >= 0 && newest > logId(partition, offset) ? newest : undefined;
}
