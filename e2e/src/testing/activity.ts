// Activity for end-to-end tests: events as a client posts them, and what must come out.
import { defaultActivityTypes } from '@activity/contracts';

/** One event as a client posts it. */
export interface Post {
  eventId: string;
  userId: string;
  activityType: string;
  metadata: { device: string; index: number };
}

/** `count` events of 37 users; the prefix makes them other events and other users than any other's. */
export function samplePosts(prefix: string, count: number): Post[] {
  return Array.from({ length: count }, (_, index) => ({
    eventId: `${prefix}-event-${index}`,
    userId: `${prefix}-user-${(index * 7) % 37}`,
    activityType: defaultActivityTypes[index % defaultActivityTypes.length] ?? 'LOGIN',
    metadata: { device: 'mobile', index },
  }));
}

/** How often each user did what: the truth that the pipeline's counts are held against. */
export function countsByUser(posts: readonly Post[]): Map<string, Record<string, number>> {
  const counts = new Map<string, Record<string, number>>();
  for (const { userId, activityType } of posts) {
    const user = counts.get(userId) ?? {};
    user[activityType] = (user[activityType] ?? 0) + 1;
    counts.set(userId, user);
  }
  return counts;
}

/** Posts events, ten at a time. Fails with the first that is not accepted. */
export async function postAll(
  url: string,
  posts: readonly Post[],
  headers: Record<string, string> = {},
): Promise<void> {
  const waiting = posts.values();
  async function work(): Promise<void> {
    for (const post of waiting) {
      const answer = await fetch(`${url}/api/logs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(post),
      });
      const body = await answer.text();
      if (answer.status !== 201) throw new Error(`posting ${post.eventId}: ${answer.status} ${body}`);
    }
  }
  await Promise.all(Array.from({ length: 10 }, work));
}
