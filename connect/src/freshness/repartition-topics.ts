// The names of the processor's repartition topics, looked up now and then.
import type { Admin } from '@platformatic/kafka';

const freshMs = 10_000;

/** Makes what returns them. */
export function repartitionTopics(
  admin: Pick<Admin, 'listTopics'>,
  applicationId: string,
  now: () => number,
): () => Promise<readonly string[]> {
  let known: readonly string[] = [];
  let lookedAt = -Infinity;
  return async function names() {
    if (now() - lookedAt < freshMs) return known;
    const all = await admin.listTopics();
    known = all.filter((name) => name.startsWith(`${applicationId}-`) && name.endsWith('-repartition'));
    lookedAt = now();
    return known;
  };
}
