// What a stack has to live through: a part that is killed and away, one that stands still, connectors that
// read their topics again.
import { setTimeout as sleep } from 'node:timers/promises';
import { restAuthorization } from '@activity/testbed/servers/connect-rest';
import type { Pipeline } from '@activity/local/pipeline/pipeline';
import { loopback } from '@activity/testbed/process/ports';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { pidOf } from './stack.ts';

/** Kills a part, and waits until the launcher has noticed. It starts the part again. */
export async function killPart(pipeline: Pipeline, part: string): Promise<void> {
  const killed = pidOf(pipeline, part);
  process.kill(killed, 'SIGKILL');
  while (pipeline.parts.find(({ name }) => name === part)?.pid === killed) await sleep(5);
}

/** Lets a part stand still for a time, with its connections open. */
export async function stopPart(pipeline: Pipeline, part: string, ms: number): Promise<void> {
  const pid = pidOf(pipeline, part);
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(ms);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Kills a part, and holds the process that the launcher starts in its place before it listens. */
export async function keepPartAway(pipeline: Pipeline, part: string, ms: number): Promise<void> {
  const until = Date.now() + ms;
  await killPart(pipeline, part);
  while (pipeline.parts.find(({ name }) => name === part)?.pid === undefined) await sleep(5);
  await stopPart(pipeline, part, until - Date.now());
}

/** Waits until every part is healthy, and every connector and task runs. */
export async function healthy(pipeline: Pipeline): Promise<void> {
  await vi.waitFor(
    async () => {
      expect(pipeline.parts.filter(({ trouble }) => trouble !== undefined)).toEqual([]);
      const ready = await fetch(`http://${loopback}:${pipeline.ports.connect}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([200, expect.anything()]);
    },
    { timeout: 240_000, interval: 250 },
  );
}

const statusSchema = z.object({ state: z.string() });
const statusesSchema = z.record(
  z.string(),
  z.object({ status: z.object({ connector: statusSchema, tasks: z.array(statusSchema) }) }),
);

async function askConnect(pipeline: Pipeline, path: string, method = 'GET'): Promise<Response> {
  const headers = { authorization: restAuthorization(pipeline.restFolder) };
  return fetch(`http://${loopback}:${pipeline.ports.kafkaConnect}/connectors${path}`, { method, headers });
}

/** The states of a stack's connectors and of their tasks, as its worker says. */
export async function connectorStates(pipeline: Pipeline): Promise<string[]> {
  const answer = await askConnect(pipeline, '?expand=status');
  const statuses = Object.values(statusesSchema.parse(await answer.json()));
  return statuses.flatMap(({ status }) => [status.connector, ...status.tasks].map(({ state }) => state));
}

/** Lets every sink read its topic from the beginning, as the guide says. */
export async function readTopicsAgain(pipeline: Pipeline): Promise<void> {
  const names = z.array(z.string()).parse(await (await askConnect(pipeline, '')).json());
  expect(names.length).toBeGreaterThan(3);
  for (const name of names) {
    await askConnect(pipeline, `/${name}/stop`, 'PUT');
    await vi.waitFor(
      async () => {
        const answer = await askConnect(pipeline, `/${name}/offsets`, 'DELETE');
        expect([answer.status, await answer.text()]).toEqual([200, expect.anything()]);
      },
      { timeout: 60_000, interval: 250 },
    );
    await askConnect(pipeline, `/${name}/resume`, 'PUT');
  }
}
