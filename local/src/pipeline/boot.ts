// Booting the parts in the order they need each other, side by side where they do not.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaPrincipals, kafkaRights } from '@activity/contracts';
import { Admin } from '@platformatic/kafka';
import { readRightsOptions, readTopics } from '../config.ts';
import { brokerSpec } from '@activity/testbed/servers/broker';
import { connectGroup, connectSpec } from '@activity/testbed/servers/connect';
import { ensureRestAccess } from '@activity/testbed/servers/connect-rest';
import { mongoSpec } from '@activity/testbed/servers/mongo';
import { restFolderOf, serviceSpec, type Ports, type ServiceName } from '../parts/services.ts';
import { ensureTopics } from '../parts/topics.ts';
import type { PartSpec } from '@activity/testbed/process/part';
import { projectRoot } from '@activity/testbed/paths';
import { freePort, loopback } from '@activity/testbed/process/ports';
import { Problem } from '@activity/testbed/process/problem';
import { run } from '@activity/testbed/process/run';
import { applyAcls } from '../secure/acls.ts';
import { applyUsers } from '../secure/users.ts';
import type { Security } from '../secure/security.ts';
import { secureWorker } from '../secure/connect.ts';
import { secureBroker } from '../secure/kafka.ts';
import { secureMongo } from '../secure/mongo.ts';
import { writeOperatorFile } from '../secure/services.ts';
import { seconds, type Steps } from '@activity/testbed/steps';
import type { Supervisor } from '../supervise/supervisor.ts';
import type { Fetched } from './fetch-all.ts';

// Stopped from the highest to the lowest.
const rank = { mongodb: 0, kafka: 1, connect: 2, service: 3 };

const partitions = 4;

/** What booting takes. */
export interface BootOptions {
  fetched: Fetched;
  ports: Ports;
  dataDir: string;
  /** Without it everything but Kafka Connect is open to all of this machine. */
  security?: Security | undefined;
  supervisor: Supervisor;
  steps: Steps;
  report: (part: string, line: string) => void;
  /** The processor forgets what it has worked out, before it starts. */
  rebuild: boolean;
}

async function bootPart(options: BootOptions, rankOf: number, spec: PartSpec): Promise<void> {
  const began = Date.now();
  options.report(spec.name, `starting, log in ${spec.logFile}`);
  await options.steps.measure(`starting ${spec.name}`, () => options.supervisor.boot(rankOf, spec));
  options.report(spec.name, `healthy at ${spec.address} after ${seconds(Date.now() - began)}`);
}

function folderOf(options: BootOptions, folder: string, part = folder): { dataDir: string; logFile: string } {
  const dataDir = join(options.dataDir, folder);
  mkdirSync(dataDir, { recursive: true });
  return { dataDir, logFile: join(options.dataDir, 'logs', `${part}.log`) };
}

async function bootKafka(options: BootOptions): Promise<void> {
  const { fetched, ports, security } = options;
  const folder = folderOf(options, 'kafka');
  const controllerPort = await freePort();
  const secure = security && secureBroker(security);
  const spec = brokerSpec({ home: fetched.home, port: ports.kafka, controllerPort, secure, ...folder });
  await bootPart(options, rank.kafka, spec);
  const brokers = `${loopback}:${ports.kafka}`;
  const { made, altered } = await ensureTopics(brokers, readTopics(), partitions, security?.kafka);
  if (made.length > 0) options.report('kafka', `made the topics ${made.join(', ')}`);
  for (const { topic, name, value } of altered)
    options.report('kafka', `gave the topic ${topic} the setting ${name}=${value}`);
  if (security) await giveRights(brokers, security);
}

async function giveRights(brokers: string, security: Security): Promise<void> {
  const passwords = kafkaPrincipals.map((name) => [name, security.passwords.of(`kafka-${name}`)]);
  await applyUsers(brokers, security.kafka, Object.fromEntries(passwords));
  const admin = new Admin({ clientId: 'local-rights', bootstrapBrokers: [brokers], ...security.kafka });
  try {
    await applyAcls(admin, kafkaRights({ ...readRightsOptions(), connectGroup }));
  } finally {
    await admin.close();
  }
}

async function bootConnect(options: BootOptions): Promise<void> {
  const { fetched, ports, security } = options;
  const brokers = `${loopback}:${ports.kafka}`;
  const folder = folderOf(options, 'connect', 'kafka-connect');
  const restFolder = restFolderOf(options);
  ensureRestAccess(restFolder);
  await bootPart(
    options,
    rank.connect,
    connectSpec({
      home: fetched.home,
      brokers,
      port: ports.kafkaConnect,
      secure: security && secureWorker(security),
      restFolder,
      ...folder,
    }),
  );
}

async function bootMongo(options: BootOptions): Promise<void> {
  const { fetched, ports, security } = options;
  const folder = folderOf(options, 'mongodb');
  const secure = security && secureMongo(security);
  await bootPart(
    options,
    rank.mongodb,
    mongoSpec({ mongod: fetched.mongod, port: ports.mongodb, secure, ...folder }),
  );
}

async function bootService(options: BootOptions, name: ServiceName): Promise<void> {
  // Any port will do: only the launcher and `npm run status` ask there.
  const probePort = await freePort();
  await bootPart(options, rank.service, serviceSpec(name, { ...options, probePort }));
}

async function bootProcessor(options: BootOptions): Promise<void> {
  if (options.rebuild) await forgetDerived(options);
  await bootService(options, 'processor');
}

async function forgetDerived(options: BootOptions): Promise<void> {
  const { env = {} } = serviceSpec('processor', options).command;
  const args = [join(projectRoot, 'processor', 'src', 'rebuild.ts')];
  const { code, output } = await run({ file: process.execPath, args, cwd: projectRoot, env });
  if (code !== 0) throw new Problem(`the processor cannot start again: ${output.trim()}`);
  for (const line of output.trim().split('\n')) options.report('processor', line);
}

/**
 * ```
 *  mongodb ──▶ query
 *     └───────────────────────▶ connectors
 *  kafka ──▶ topics ──▶ connect ──┘
 *                └────▶ ingest, processor
 * ```
 * Fails with the first part that does; whoever calls stops the rest.
 */
export async function bootAll(options: BootOptions): Promise<void> {
  if (options.security) writeOperatorFile(options.ports, options.security);
  const mongodb = bootMongo(options);
  const kafka = bootKafka(options);
  const connect = kafka.then(() => bootConnect(options));
  await Promise.all([
    connect,
    mongodb.then(() => bootService(options, 'query')),
    kafka.then(() => bootService(options, 'ingest')),
    kafka.then(() => bootProcessor(options)),
    Promise.all([mongodb, connect]).then(() => bootService(options, 'connect')),
  ]);
}
