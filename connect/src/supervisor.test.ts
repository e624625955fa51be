import { createLogger } from '@activity/service';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ConnectClient, ConnectorStatus } from './connect-client.ts';
import { Supervisor } from './supervisor.ts';

let clock: number;
let statuses: ConnectorStatus[];
let restarts: number[];
let down: boolean;
let logged: string[];
let supervisor: Supervisor;

function status(states: string[], connector = 'RUNNING', name = 'sink'): ConnectorStatus {
  const trace =
    'org.x.ConnectException: {"userId": "secret"}\n\tat y\nCaused by: com.z.MongoTimeoutException: secret';
  return {
    name,
    connector: { state: connector, worker_id: 'w' },
    tasks: states.map((state, id) => ({
      id,
      state,
      worker_id: 'w',
      ...(state === 'FAILED' ? { trace } : {}),
    })),
  };
}

beforeEach(() => {
  clock = 1_000_000;
  restarts = [];
  logged = [];
  down = false;
  statuses = [status(['RUNNING', 'RUNNING'])];
  const client: ConnectClient = {
    healthy: async () => true,
    config: async () => undefined,
    putConfig: async () => {},
    validate: async () => [],
    statuses: async () => {
      if (down) throw new Error('Kafka Connect does not answer');
      return statuses;
    },
    restartFailed: async () => {
      restarts.push(clock);
    },
  };
  supervisor = new Supervisor({
    client,
    names: ['sink'],
    logger: createLogger('test', 'info', { write: (line) => logged.push(line) }),
    now: () => clock,
  });
});

async function lookEverySecond(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await supervisor.look();
    clock += 1_000;
  }
}

describe('Supervisor', () => {
  test('is not ready before it has looked', () => {
    expect(supervisor.readiness.ready).toBe(false);
    expect(supervisor.complete).toBe(false);
  });

  test.each<[ConnectorStatus[], string | undefined]>([
    [[status(['RUNNING', 'RUNNING'])], undefined],
    [[], 'connector sink is not registered'],
    [[status([])], 'connector sink has no task yet'],
    [[status(['RUNNING'], 'UNASSIGNED')], 'connector sink is UNASSIGNED'],
    [[status(['RUNNING', 'PAUSED'])], 'task 1 of sink is PAUSED'],
    [[status(['FAILED', 'RUNNING'])], 'task 0 of sink is FAILED'],
    [[status(['RUNNING']), status(['FAILED'], 'RUNNING', 'another')], undefined],
  ])('%j: %s', async (given, reason) => {
    statuses = given;
    await supervisor.look();
    expect(supervisor.readiness.reason).toBe(reason);
    expect(supervisor.readiness.ready).toBe(reason === undefined);
  });

  test('is not ready while Connect does not answer', async () => {
    down = true;
    await supervisor.look();
    expect(supervisor.readiness).toEqual({ ready: false, reason: 'Kafka Connect does not answer' });
  });

  test('restarts what has failed at once, then ever more slowly', async () => {
    statuses = [status(['RUNNING', 'FAILED'])];
    await lookEverySecond(200);
    expect(restarts.map((time) => (time - 1_000_000) / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
  });

  test('restarts a connector that has failed itself', async () => {
    statuses = [status(['RUNNING'], 'FAILED')];
    await supervisor.look();
    expect(restarts).toHaveLength(1);
  });

  test('forgets earlier failures of what has run for a minute', async () => {
    statuses = [status(['FAILED'])];
    await lookEverySecond(20);
    statuses = [status(['RUNNING'])];
    await lookEverySecond(62);
    restarts = [];
    statuses = [status(['FAILED'])];
    await lookEverySecond(2);
    expect(restarts).toHaveLength(2);
  });

  test('leaves alone what runs, is paused, or is not its own', async () => {
    statuses = [status(['RUNNING', 'PAUSED']), status(['FAILED'], 'FAILED', 'another')];
    await lookEverySecond(5);
    expect(restarts).toEqual([]);
  });

  test('logs the kind of fault, and nothing of the document', async () => {
    statuses = [status(['FAILED'])];
    await supervisor.look();
    expect(logged.join('')).toContain('task 0: ConnectException < MongoTimeoutException');
    expect(logged.join('')).not.toContain('secret');
  });

  test.each([
    ['GroupAuthorizationException: Not authorized to access group: connect-x', 'Read on group connect-x'],
    ['TopicAuthorizationException: Not authorized to access topics: [a, b]', 'Read on topic a, b'],
    [
      `MongoCommandException: not authorized on activity to execute command { update: "logs", updates: [ { q: 'secret' } ] }`,
      'grant the sink’s user in MongoDB update on activity.logs',
    ],
  ])('names a right that is missing: %s', async (fault, right) => {
    const failed = status(['FAILED']);
    for (const task of failed.tasks) task.trace = `org.x.ConnectException: e\nCaused by: org.${fault}`;
    statuses = [failed];
    await supervisor.look();
    expect(logged.join('')).toContain(right);
    expect(logged.join('')).not.toContain('secret');
  });
});
