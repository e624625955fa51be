// Chapter 13: deployment
//
// An application is an ordinary process: it opens no port for data, and instances find each other through the
// broker. `13-service.ts`, beside this file, is what a container runs. This chapter starts it, updates it and
// kills it.
//
// On Kubernetes it is a StatefulSet, so that each instance keeps its volume and with it its state and its
// name in the group:
//
//     kind: StatefulSet
//     spec:
//       replicas: 2
//       template:
//         spec:
//           terminationGracePeriodSeconds: 30       # more than the timeout of close()
//           containers:
//             - image: clicks:1.0.0
//               env: [{ name: STATE_DIR, value: /state }]
//               livenessProbe: { httpGet: { path: /live, port: 8080 } }
//               readinessProbe: { httpGet: { path: /ready, port: 8080 } }
//               volumeMounts: [{ name: state, mountPath: /state }]
//       volumeClaimTemplates: [{ metadata: { name: state } }]
//
// Before it starts: create the topics of input and output, with a replication factor of 3 and
// `min.insync.replicas` of 2; the internal topics have the broker's defaults. Let `offsets.retention.minutes`
// be longer than the longest stop. Watch `lag`, `commitFailed` and `deadLettered` of `metrics`.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';

let witness: Witness;
let input: string;
let output: string;
const applicationId = uniqueName('deployed');
const volumes = mkdtempSync(join(tmpdir(), 'streams-volumes-'));
const users = ['ada', 'bob', 'eve', 'joe'];
let sent = 0;

interface Instance {
  process: ChildProcess;
  ended: Promise<number | null>;
  /** The status of a probe; 0 while nobody listens. */
  probe: (path: '/live' | '/ready') => Promise<number>;
}
const running = new Set<ChildProcess>();

beforeAll(async () => {
  witness = await connectWitness(servers().kafka);
  input = await witness.createTopic(uniqueName('clicks'), 4);
  output = await witness.createTopic(uniqueName('counts'), 4);
});

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

afterAll(async () => {
  rmSync(volumes, { recursive: true, force: true });
  await witness[Symbol.asyncDispose]();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Starts an instance with a volume, and waits until it is ready. */
async function deploy(volume: string): Promise<Instance> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, '13-service.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      KAFKA_BROKERS: servers().kafka,
      APPLICATION_ID: applicationId,
      INPUT_TOPIC: input,
      OUTPUT_TOPIC: output,
      STATE_DIR: join(volumes, volume),
      PORT: String(port),
    },
  });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const probe: Instance['probe'] = (path) =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      ({ status }) => status,
      () => 0,
    );
  await vi.waitFor(async () => expect(await probe('/ready')).toBe(200), { timeout: 40_000, interval: 50 });
  return { process: child, ended, probe };
}

/** Sends one click of each user. */
async function click(): Promise<void> {
  await witness.send(
    input,
    users.map((key, partition) => ({ key, value: '/home', partition })),
  );
  sent++;
}

/** Waits until each user's counts are 1, 2, 3 and so on up to what was sent: none twice, none left out. */
async function untilExact(): Promise<void> {
  const expected = Object.fromEntries(
    users.map((user) => [user, Array.from({ length: sent }, (_, i) => `${i + 1}`)]),
  );
  await vi.waitFor(
    async () => {
      const records = await witness.readCommitted(output);
      const counts = users.map((user) => [
        user,
        records.filter(({ key }) => key === user).map(({ value }) => value),
      ]);
      expect(Object.fromEntries(counts)).toEqual(expected);
    },
    { timeout: 40_000, interval: 200 },
  );
}

test('probes: alive, ready, and an exit code of 0 after SIGTERM', async () => {
  const one = await deploy('one');
  expect(await one.probe('/live')).toBe(200);
  await click();
  await untilExact();
  one.process.kill('SIGTERM');
  expect(await one.ended).toBe(0);
  expect(await one.probe('/live')).toBe(0);
});

test('a rolling update: one instance after the other, and no count is wrong', async () => {
  const instances = [await deploy('one'), await deploy('two')];
  for (const [i, volume] of ['one', 'two'].entries()) {
    await click();
    instances[i]?.process.kill('SIGTERM');
    expect(await instances[i]?.ended).toBe(0);
    // Records that come now wait for the instance, or are processed by the other one.
    await click();
    // The new version, with the same volume: it goes on from the state that is on it.
    instances[i] = await deploy(volume);
  }
  await untilExact();
});

test('a machine that is lost: the other instance takes over from the changelogs', async () => {
  const [one] = [await deploy('one'), await deploy('two')];
  await click();
  one.process.kill('SIGKILL');
  expect(await one.ended).toBeNull();
  rmSync(join(volumes, 'one'), { recursive: true });
  await click();
  // After `sessionTimeoutMs` (10 s) the broker gives its tasks to the other one.
  await untilExact();
});
