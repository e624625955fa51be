// How long requests may hold the event loop of a real edge. Their memory: memory.slow.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { holdOf, mostHeldMs } from '@activity/testbed/testing/loop-holds';
import { sliceOf } from '@activity/testbed/testing/slice';
import { heavyInputs } from './heavy-inputs.fixture.ts';
import { startLoneEdge } from './lone-edge.fixture.ts';
import type { LoneEdge } from './lone-edge.fixture.ts';

let edge: LoneEdge;

beforeAll(async () => {
  edge = await startLoneEdge();
}, 120_000);

afterAll(() => {
  edge?.process.kill('SIGKILL');
});

test.each(sliceOf(heavyInputs, 12))(
  '$what hold the event loop for 50 ms at most',
  async ({ nodesOwn, send }) => {
    const most = nodesOwn === true ? 2 * mostHeldMs : mostHeldMs;
    const held = await holdOf(edge.process, async () => send(edge.port, 0.1), most);
    expect(held).toBeLessThan(most);
  },
  120_000,
);
