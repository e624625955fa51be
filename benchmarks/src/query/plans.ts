// How MongoDB answered: every command of a pass over all reads, by MongoDB's own profiler.
import type { Db, Document } from 'mongodb';

/** The costliest command of a kind. */
export interface Plan {
  read: string;
  collection: string;
  plan: string;
  /** Documents, not keys of an index. */
  examined: number;
  returned: number;
  /** It adds up what it reads. */
  summed: boolean;
}

/**
 * Profiles what is done; returns each kind of command once, the one that examined most for what it returned.
 */
export async function plansOf(db: Db, read: string, work: () => Promise<unknown>): Promise<Plan[]> {
  await db.command({ profile: 0 });
  await db
    .collection('system.profile')
    .drop()
    .catch(() => {});
  await db.createCollection('system.profile', { capped: true, size: 16_000_000 });
  await db.command({ profile: 2 });
  await work();
  await db.command({ profile: 0 });
  const commands = await db
    .collection('system.profile')
    .find({ appName: 'activity-query', planSummary: { $exists: true } })
    .toArray();
  const worst = new Map<string, Plan>();
  for (const command of commands) {
    const plan = planOf(read, command);
    const known = worst.get(`${plan.collection} ${plan.plan}`);
    if (!known || ratioOf(plan) > ratioOf(known)) worst.set(`${plan.collection} ${plan.plan}`, plan);
  }
  return [...worst.values()];
}

/** Documents examined for each that was returned. */
export function ratioOf({ examined, returned }: Plan): number {
  return examined / Math.max(1, returned);
}

function planOf(read: string, { ns, planSummary, docsExamined = 0, nreturned = 0, command }: Document): Plan {
  return {
    read,
    collection: String(ns).split('.').slice(1).join('.'),
    plan: String(planSummary),
    examined: Number(docsExamined),
    returned: Number(nreturned),
    summed: JSON.stringify(command ?? {}).includes('"$group"'),
  };
}
