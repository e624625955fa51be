// Reads what a join has put out as an independent read_committed consumer, and compares it with what the
// sender has added up.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { Sum } from './data.ts';

/** Adds up results by user. */
export class Sums {
  readonly byUser: Map<string, Sum> = new Map();
  results = 0;

  /** Takes in a result. */
  add(user: string, value: Buffer | null): void {
    const { points } = JSON.parse(String(value)) as { points: number };
    const sum = this.byUser.get(user);
    if (sum) {
      sum.results++;
      sum.points += points;
    } else this.byUser.set(user, { results: 1, points });
    this.results++;
  }

  /** What differs from what is expected, one line; nothing where all is right. */
  wrong(expected: ReadonlyMap<string, Sum>): string[] {
    const users = new Set([...expected.keys(), ...this.byUser.keys()]);
    const differing = [...users].filter((user) => {
      const [own, other] = [this.byUser.get(user), expected.get(user)];
      return own?.results !== other?.results || own?.points !== other?.points;
    });
    const [first] = differing;
    if (first === undefined) return [];
    const shown = (sum: Sum | undefined): string =>
      `${sum?.results ?? 0} results with ${sum?.points ?? 0} points`;
    return [
      `${this.results} results instead of ${countOf(expected)}; ${differing.length} users differ: ` +
        `${first} has ${shown(this.byUser.get(first))} instead of ${shown(expected.get(first))}`,
    ];
  }
}

/** How many results there must be. */
export function countOf(sums: ReadonlyMap<string, Sum>): number {
  return [...sums.values()].reduce((count, { results }) => count + results, 0);
}

/** Reads an output; returns what is wrong in it. */
export async function wrongIn(
  kafka: Kafka,
  topic: string,
  expected: ReadonlyMap<string, Sum>,
): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `witness-${topic}`, readUncommitted: false });
  const sums = new Sums();
  const wanted = countOf(expected);
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let last = 0;
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { messages } }) => {
      for (const { key, value } of messages) sums.add(String(key), value);
      last = Date.now();
    },
  });
  await joined;
  last = Date.now();
  // Once all is there, a moment for what should not be.
  while (Date.now() - last < (sums.results >= wanted ? 500 : 5_000)) await sleep(100);
  await consumer.disconnect();
  return sums.wrong(expected).map((line) => `${topic}: ${line}`);
}
