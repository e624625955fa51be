// A process that is stopped past its session timeout and then continued: it finds itself replaced, and
// commits nothing of its old life.
import { servers } from '@activity/testbed/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTopics, faultless, judge, sendIds, startApp, type App } from './testing-support/counts-run.ts';
import { untilCommitted } from './testing-support/kill-run.ts';
import { connectWitness, uniqueName, waitFor, type Seen, type Witness } from '@activity/kafka/testing';

let witness: Witness;

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
});

afterAll(() => witness[Symbol.asyncDispose]());

/** The lives that ticked in a partition, one after the other as the log has them. */
function livesOf(ticks: readonly Seen[], partition: number): string[] {
  const lives: string[] = [];
  for (const tick of ticks) {
    if (tick.partition === partition && tick.key !== null && lives.at(-1) !== tick.key) lives.push(tick.key);
  }
  return lives;
}

/** Eight tasks there are: four partitions of two sub-topologies. */
function runsHalf({ state, lines }: App): boolean {
  const assigned = lines.findLast(({ message }) => message?.startsWith('assigned '));
  return state === 'RUNNING' && assigned?.message === 'assigned 4 tasks';
}

test('a stopped process that is continued commits nothing under its old generation', async () => {
  const topics = await createTopics(witness, 4, true);
  const applicationId = uniqueName('stopped');
  const start = (): App =>
    startApp({
      applicationId,
      brokers: [servers().kafka],
      commitIntervalMs: 30,
      sessionTimeoutMs: 6000,
      transactionTimeoutMs: 6000,
      counts: { topics },
    });
  const settled = (): Promise<void> => untilCommitted(witness, applicationId, topics.input);
  const [zombie, other] = [start(), start()];
  try {
    await waitFor('both to run half of the tasks', () => [zombie, other].every(runsHalf));
    await sendIds(witness, topics.input, 0, 2000);
    await settled();
    // Stopped in the middle of work: what it has read and processed is on its way.
    const sending = sendIds(witness, topics.input, 2000, 8000);
    zombie.child.kill('SIGSTOP');
    await sending;
    await settled();
    zombie.child.kill('SIGCONT');
    await waitFor('the process to notice', () =>
      zombie.lines.some(({ message }) => /membership was lost|GENERATION|UNKNOWN_MEMBER/.test(message ?? '')),
    );
    await waitFor('both to run half of the tasks again', () => [zombie, other].every(runsHalf));
    await sendIds(witness, topics.input, 8000, 9000);
    await settled();
    await Promise.all([zombie.end('SIGTERM'), other.end('SIGTERM')]);
    expect(await judge(witness, topics, 9000)).toEqual(faultless);
    const ticks = await witness.readCommitted(topics.ticks ?? '');
    const lives = [0, 1, 2, 3].map((partition) => livesOf(ticks, partition));
    // A life that was replaced never ticks again: it would be there twice.
    for (const one of lives) expect(new Set(one).size).toBe(one.length);
    expect(lives.flat().length).toBeGreaterThan(4);
  } finally {
    for (const app of [zombie, other]) {
      app.child.kill('SIGCONT');
      app.child.kill('SIGKILL');
    }
  }
}, 240_000);
