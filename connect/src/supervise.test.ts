import { createLogger } from '@activity/service';
import { beforeEach, expect, test, vi } from 'vitest';
import type { ConnectorStatus } from './connect-client.ts';
import { supervise } from './supervise.ts';
import { Supervisor } from './supervisor.ts';

const running: ConnectorStatus = {
  name: 'sink',
  connector: { state: 'RUNNING', worker_id: 'w' },
  tasks: [{ id: 0, state: 'RUNNING', worker_id: 'w' }],
};
let registered: ConnectorStatus[];
let looks: number;
let supervisor: Supervisor;

beforeEach(() => {
  registered = [];
  looks = 0;
  supervisor = new Supervisor({
    client: {
      healthy: async () => true,
      config: async () => undefined,
      putConfig: async () => {},
      validate: async () => [],
      statuses: async () => {
        looks++;
        return registered;
      },
      restartFailed: async () => {},
    },
    names: ['sink'],
    logger: createLogger('test', 'silent'),
    now: () => performance.now(),
  });
});

async function superviseUntil(
  done: () => boolean,
  register: (() => Promise<void>) | undefined,
): Promise<void> {
  const stop = new AbortController();
  const supervising = supervise({ supervisor, register, pollIntervalMs: 1, signal: stop.signal });
  await vi.waitFor(() => expect(done()).toBe(true), { interval: 1 });
  stop.abort();
  await supervising;
}

test('registers what is missing, again when it is lost, and not what is there', async () => {
  let registrations = 0;
  async function register(): Promise<void> {
    registrations++;
    registered = [running];
  }
  await superviseUntil(() => looks > 3, register);
  expect(registrations).toBe(1);
  expect(supervisor.readiness.ready).toBe(true);
  registered = [];
  await superviseUntil(() => registrations > 1, register);
});

test('where an operator owns the connectors, it looks only, and says what is missing', async () => {
  await superviseUntil(() => looks > 3, undefined);
  expect(supervisor.readiness.reason).toBe('connector sink is not registered');
  registered = [running];
  await superviseUntil(() => supervisor.readiness.ready, undefined);
});
