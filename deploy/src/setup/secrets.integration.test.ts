// The passwords of docker-compose.yml on a mongod that asks for them, started as the file starts it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@activity/testbed';
import { untilDone } from '@activity/service';
import { MongoClient } from 'mongodb';
import { expect, onTestFinished, test } from 'vitest';
import { silent } from '@activity/testbed/fetch/context';
import { ensureMongod } from '@activity/testbed/fetch/mongod';
import { readCompose } from '../checks/compose-file.ts';
import { initiateSecured, replicaSetOf } from './initiate-replica-set.ts';
import { makeSecrets, passwordIn } from './secrets.ts';

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'activity-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What the file runs in the container `mongo`, with this machine's paths. */
async function startAsComposeDoes(
  secrets: string,
  port: number,
  folder = temporary(),
): Promise<() => Promise<void>> {
  mkdirSync(join(folder, 'db'), { recursive: true });
  const mongod = await ensureMongod({ report: silent });
  const [, , script = ''] = readCompose().services['mongo']?.command ?? [];
  const here = script
    .replace('/secrets/key', join(secrets, 'mongo', 'key'))
    .replaceAll('/tmp/key', join(folder, 'key'))
    .replace(
      'exec mongod',
      `exec ${mongod.file} --nounixsocket --port ${port} --dbpath ${join(folder, 'db')}`,
    )
    .replace('--bind_ip_all', '--bind_ip 127.0.0.1');
  const child = spawn('bash', ['-c', here], { stdio: 'ignore' });
  async function kill(): Promise<void> {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  onTestFinished(kill);
  return kill;
}

async function reading(uri: string): Promise<unknown> {
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 5_000 });
  onTestFinished(async () => client.close());
  return client.db().collection('logs').findOne({});
}

test('everyone gets a password of their own, kept from then on, whatever the umask', () => {
  const folder = temporary();
  const umask = process.umask(0o077);
  onTestFinished(() => void process.umask(umask));
  makeSecrets(folder, 'mongodb://mongo:27017/activity?replicaSet=rs0');
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const query = read('query/mongodb-uri');
  expect(query).toBe(
    `mongodb://query:${passwordIn(folder)('query')}@mongo:27017/activity?replicaSet=rs0&authSource=admin`,
  );
  expect(read('sink/sink.properties')).toBe(`password=${passwordIn(folder)('sink')}\n`);
  const rest = read('connectors/connect-rest.password');
  expect(read('sink/connect-users.properties')).toBe(`connectors=${rest}\n`);
  expect(atob(read('sink/connect-authorization').replace('Basic ', ''))).toBe(`connectors:${rest}`);
  const people = ['admin', 'sink', 'connectors', 'query', 'operator'] as const;
  expect(new Set(people.map(passwordIn(folder))).size).toBe(5);
  expect(statSync(join(folder, 'mongo')).mode & 0o777).toBe(0o755);
  expect(statSync(join(folder, 'mongo', 'key')).mode & 0o777).toBe(0o444);
  const before = people.map(passwordIn(folder));
  rmSync(join(folder, 'query'), { recursive: true });
  makeSecrets(folder, 'mongodb://mongo:27017/activity?replicaSet=rs0');
  expect(people.map(passwordIn(folder))).toEqual(before);
  expect(read('query/mongodb-uri')).toBe(query);
  expect(read('connectors/connect-rest.password')).toBe(rest);
});

test(
  'the set and its users are made once, and each may do what its service does',
  { timeout: 60_000 },
  async () => {
    const folder = temporary();
    const port = await freePort();
    const uri = `mongodb://127.0.0.1:${port}/activity?replicaSet=rs0`;
    makeSecrets(folder, uri);
    await startAsComposeDoes(folder, port);
    const failures: string[] = [];
    const waiting = { withinMs: 30_000, onFailure: (error: unknown) => failures.push(String(error)) };
    const set = replicaSetOf(uri);
    expect(await untilDone(async () => initiateSecured(set, passwordIn(folder)), waiting)).toBe('made');
    expect(await initiateSecured(set, passwordIn(folder))).toBe('kept');

    const query = readFileSync(join(folder, 'query', 'mongodb-uri'), 'utf8');
    expect(await reading(query)).toBeNull();
    const client = new MongoClient(query);
    onTestFinished(async () => client.close());
    await expect(client.db().collection('logs').insertOne({})).rejects.toThrow(/not authorized/);
    await expect(reading(uri)).rejects.toThrow(/requires authentication/);

    const other = temporary();
    cpSync(folder, other, { recursive: true });
    rmSync(join(other, 'mongo', 'admin.password'));
    makeSecrets(other, uri);
    await expect(initiateSecured(set, passwordIn(other))).rejects.toThrow(/another password than the file/);
  },
);

test('a member that was moved to another address gets its name in the set', { timeout: 60_000 }, async () => {
  const secrets = temporary();
  const data = temporary();
  const ports = [await freePort(), await freePort()] as const;
  const uriOf = (port: number): string => `mongodb://127.0.0.1:${port}/activity?replicaSet=rs0`;
  makeSecrets(secrets, uriOf(ports[0]));
  const initiate = async (port: number): Promise<string> =>
    untilDone(async () => initiateSecured(replicaSetOf(uriOf(port)), passwordIn(secrets)), {
      withinMs: 30_000,
    });
  const kill = await startAsComposeDoes(secrets, ports[0], data);
  expect(await initiate(ports[0])).toBe('made');
  await kill();
  await startAsComposeDoes(secrets, ports[1], data);
  expect(await initiate(ports[1])).toBe('renamed');
  expect(await initiate(ports[1])).toBe('kept');
  makeSecrets(secrets, uriOf(ports[1]));
  expect(await reading(readFileSync(join(secrets, 'query', 'mongodb-uri'), 'utf8'))).toBeNull();
});
