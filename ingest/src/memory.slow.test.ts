// What heavy input costs a real process: its resident memory while the input lasts and after it, and how long
// its event loop is held; without a broker.
import { setTimeout as sleep } from 'node:timers/promises';
import { holdOf, mostHeldMs } from '@activity/testbed/testing/loop-holds';
import { residentMib } from '@activity/testbed/testing/resident';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heavyInputs, waitForBroker } from './heavy-inputs.fixture.ts';
import { startLoneEdge } from './lone-edge.fixture.ts';
import type { LoneEdge } from './lone-edge.fixture.ts';

let edge: LoneEdge;

const resident = (): number => residentMib(edge.process.pid);

/** Runs an input and returns by how much memory grew at the most. */
async function growth(input: () => Promise<unknown>): Promise<number> {
  const before = resident();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, resident())), 20);
  await input();
  clearInterval(watch);
  return Math.max(most, resident()) - before;
}

beforeAll(async () => {
  edge = await startLoneEdge();
}, 120_000);

afterAll(() => {
  edge?.process.kill('SIGKILL');
});

describe.runIf(process.platform === 'linux')('in a process of 256 MiB', () => {
  test.each(heavyInputs)('$what cost at most 64 MiB and 50 ms', async ({ nodesOwn, send }) => {
    const most = nodesOwn === true ? 2 * mostHeldMs : mostHeldMs;
    let held = 0;
    const grown = await growth(async () => {
      held = await holdOf(edge.process, async () => send(edge.port, 1), most);
    });
    console.log(`${Math.round(grown)} MiB, ${Math.round(held)} ms`);
    expect(grown).toBeLessThan(64);
    expect(held).toBeLessThan(most);
    expect(edge.process.exitCode).toBeNull();
  });

  test('events that nobody takes are refused', async () => {
    const statuses = await waitForBroker(edge.port, 100, 1);
    expect(statuses.filter((status) => status === 503)).toHaveLength(120);
  });

  test('all of them ten times over leave 10 MiB at most behind', async () => {
    const after: number[] = [];
    for (let round = 0; round < 10; round++) {
      for (const { send } of heavyInputs) await send(edge.port, 0.1);
      await sleep(1_000);
      after.push(Math.round(resident()));
    }
    console.log(`after each round: ${after.join(', ')} MiB`);
    const [first = 0] = after;
    expect(Math.min(...after.slice(-3)) - first).toBeLessThan(10);
  });
});
