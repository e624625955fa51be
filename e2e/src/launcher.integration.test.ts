// The launcher itself: what it says when it cannot start, and that it leaves nothing behind however it ends.
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { identify } from '@activity/testbed/process/identity';
import { loopback } from '@activity/testbed/process/ports';
import { Playground, type Launched } from '@activity/local/testing/launcher';

const ready = /^Ready in /m;

let playground: Playground;
let launched: Launched[];

function launch(env: Record<string, string> = {}, args: string[] = []): Launched {
  const one = playground.launch(env, args);
  launched.push(one);
  return one;
}

beforeEach(async () => {
  playground = await Playground.open();
  launched = [];
});

afterEach(async () => {
  for (const { pid } of launched) if (identify(pid)) process.kill(pid, 'SIGKILL');
  await Promise.all(launched.map(({ exit }) => exit));
  await playground.close();
});

describe('what keeps it from starting', () => {
  test('a port that is taken is named, with what it is for and what to set', async () => {
    const server = createServer().listen(playground.ports.mongodb, loopback);
    await once(server, 'listening');
    const start = launch();
    expect(await start.exit).toBe(1);
    server.close();
    const line = `port ${playground.ports.mongodb}, which MongoDB needs, is taken on 127.0.0.1`;
    expect(start.output).toContain(`${line}: stop what uses it or set MONGO_PORT to another port`);
    expect(readdirSync(playground.dataDir)).toEqual([]);
  });

  test('a missing Java is named, with how to get one', async () => {
    const start = launch({ JAVA_HOME: '/nonexistent' });
    expect(await start.exit).toBe(1);
    expect(start.output).toContain(
      'Java is missing (/nonexistent/bin/java): install a JDK or JRE 17 or newer',
    );
  });

  test('a mongod that is not there is named', async () => {
    const start = launch({ MONGOD_BINARY: '/nonexistent/mongod' });
    expect(await start.exit).toBe(1);
    expect(start.output).toContain('MONGOD_BINARY names /nonexistent/mongod, which is not there');
  });

  test('a variable that makes no sense is named', async () => {
    const start = launch({ KAFKA_PORT: 'ninety' });
    expect(await start.exit).toBe(1);
    expect(start.output).toContain('KAFKA_PORT: must be a whole number');
  });

  test('a broker that does not come up shows its log, and the rest is stopped', async () => {
    const logs = join(playground.dataDir, 'kafka', 'kafka-logs');
    mkdirSync(logs, { recursive: true });
    writeFileSync(join(logs, 'meta.properties'), 'version=1\ncluster.id=another\nnode.id=77\n');
    const start = launch();
    expect(await start.exit).toBe(1);
    expect(start.output).toMatch(
      /^kafka ended \(exit code 1\) before it was healthy; if its data is damaged/m,
    );
    expect(start.output).toMatch(/^ {4}.*Stored node id 77 doesn't match/m);
    expect(playground.pids).toEqual([]);
    expect((await playground.status()).code).toBe(1);
  });
});

test('SIGTERM while it boots stops all of it, and it exits 0', async () => {
  const start = launch();
  await start.until(/mongodb +healthy/);
  const { pids } = playground;
  process.kill(start.pid, 'SIGTERM');
  expect(await start.exit).toBe(0);
  expect(pids.length).toBeGreaterThan(0);
  expect(pids.filter((pid) => identify(pid))).toEqual([]);
});

/** What a file's mode lets others do; 0 for one that has gone since it was listed. */
function modeOf(path: string): { path: string; others: number } {
  return { path, others: (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077 };
}

test('from ready to killed, over a death and back, to stopped', async () => {
  const first = launch();
  await first.until(ready);
  expect(await playground.status()).toMatchObject({ code: 0 });

  const second = launch();
  expect(await second.exit).toBe(1);
  expect(second.output).toContain(`the pipeline already runs on ${playground.dataDir} (pid ${first.pid})`);

  const { dataDir } = playground;
  const data = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).map((name) => join(dataDir, name));
  expect(data.length).toBeGreaterThan(50);
  expect([dataDir, ...data].map(modeOf).filter(({ others }) => others > 0)).toEqual([]);

  process.kill(playground.part('processor')?.pid ?? 0, 'SIGKILL');
  await first.until(/processor +died \(SIGKILL\); starting it again/);
  expect((await playground.status()).code).toBe(1);
  await vi.waitFor(() => expect(playground.part('processor')).toMatchObject({ restarts: 1 }), 30_000);
  await first.until(/processor +is healthy again/);
  await vi.waitFor(async () => expect(await playground.status()).toMatchObject({ code: 0 }), 10_000);

  const orphans = playground.pids;
  process.kill(first.pid, 'SIGKILL');
  await first.exit;
  expect(orphans.filter((pid) => identify(pid))).toEqual(orphans);
  expect((await playground.status()).code).toBe(1);

  const third = launch();
  await third.until(ready);
  expect(third.output).toContain('left by a launcher that was killed');
  expect(orphans.filter((pid) => identify(pid))).toEqual([]);

  const { pids } = playground;
  process.kill(third.pid, 'SIGINT');
  expect(await third.exit).toBe(0);
  expect(pids.filter((pid) => identify(pid))).toEqual([]);
}, 120_000);

test('a second Ctrl-C kills what the first is still stopping', async () => {
  const start = launch();
  await start.until(/mongodb +healthy/);
  const { pids } = playground;
  // A part that cannot end by itself.
  process.kill(playground.part('mongodb')?.pid ?? 0, 'SIGSTOP');
  process.kill(start.pid, 'SIGINT');
  await start.until(/stopping everything/);
  // Later than what counts as the same Ctrl-C.
  await sleep(500);
  process.kill(start.pid, 'SIGINT');
  expect(await start.exit).toBe(1);
  await vi.waitFor(() => expect(pids.filter((pid) => identify(pid))).toEqual([]), 5_000);
});

test('a part that dies five times in a row stops the whole, with its log', async () => {
  const start = launch();
  await start.until(ready);
  const { pids } = playground;
  for (const file of ['WiredTiger', 'WiredTiger.turtle', 'WiredTiger.wt']) {
    writeFileSync(join(playground.dataDir, 'mongodb', 'db', file), 'broken');
  }
  process.kill(playground.part('mongodb')?.pid ?? 0, 'SIGKILL');
  expect(await start.exit).toBe(1);
  expect(start.output).toMatch(/^mongodb died 5 times in a row/m);
  expect(start.output).toMatch(/^ {4}.*WiredTiger/m);
  expect(pids.filter((pid) => identify(pid))).toEqual([]);
}, 120_000);
