// The pipeline's own services, as the launcher starts them: with the project's Node, on loopback only.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasSessionKey } from '../config.ts';
import { cacheDir, projectRoot } from '@activity/testbed/paths';
import type { PartSpec } from '@activity/testbed/process/part';
import { loopback } from '@activity/testbed/process/ports';
import { writeSecret } from '@activity/testbed/process/secret-file';
import type { Security } from '../secure/security.ts';
import { secureService } from '../secure/services.ts';
import { restPasswordFile, restUser } from '@activity/testbed/servers/connect-rest';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import { ensurePage } from './page.ts';

/** The port of each part. */
export interface Ports {
  ingest: number;
  query: number;
  processor: number;
  connect: number;
  kafka: number;
  kafkaConnect: number;
  mongodb: number;
}

/** What the services are started with. */
export interface ServiceSettings {
  ports: Ports;
  dataDir: string;
  security?: Security | undefined;
  /** A port for probes alone, for services that clients reach. */
  probePort?: number | undefined;
}

/** The services, by the workspace they live in. */
export type ServiceName = 'ingest' | 'processor' | 'connect' | 'query';

interface Shape {
  name: string;
  port: number;
  /** Where its health is asked for, if that is not its own port. */
  probePort?: number | undefined;
  health: string;
  env: Record<string, string>;
}

/** How the addresses of a stack's HTTP servers begin. */
export function originOf(security: Security | undefined): string {
  return `${security ? 'https' : 'http'}://${loopback}`;
}

/** Where the password of Kafka Connect's REST interface is. */
export function restFolderOf({ dataDir, security }: Pick<ServiceSettings, 'dataDir' | 'security'>): string {
  return security?.folder ?? join(dataDir, 'connect');
}

// Empty counts as not set. The environment's own are for services that run alone: of the launcher's, all
// speak TLS, or none.
const plain = { TLS_CERT: '', TLS_CERT_FILE: '', TLS_KEY: '', TLS_KEY_FILE: '' };

function shapeOf(workspace: ServiceName, settings: ServiceSettings): Shape {
  const { ports, dataDir, probePort, security } = settings;
  const local = originOf(security);
  // Empty counts as not set: a PROBE_PORT of the environment would be given to two services.
  const probes = { PROBE_PORT: probePort === undefined ? '' : String(probePort) };
  switch (workspace) {
    case 'ingest': {
      const env = {
        PORT: String(ports.ingest),
        ...probes,
        QUERY_URL: `${local}:${ports.query}`,
      };
      return { name: 'ingest', port: ports.ingest, probePort, health: '/readyz', env };
    }
    case 'query': {
      const env = {
        PORT: String(ports.query),
        ...probes,
        PROCESSOR_URLS: `${local}:${ports.processor}`,
        SUPERVISOR_URL: `${local}:${ports.connect}`,
        ...(!hasSessionKey() && { SESSION_KEY_FILE: sessionKeyFile(dataDir) }),
      };
      return { name: 'query', port: ports.query, probePort, health: '/readyz', env };
    }
    case 'processor': {
      const env = {
        METRICS_PORT: String(ports.processor),
        STATE_DIR: join(dataDir, 'processor'),
        // The query service would have no key to ask with.
        API_KEYS_FILE: '',
      };
      return { name: 'processor', port: ports.processor, health: '/readyz', env };
    }
    case 'connect': {
      const env = {
        METRICS_PORT: String(ports.connect),
        API_KEYS_FILE: '',
        CONNECT_URL: `${local}:${ports.kafkaConnect}`,
        CONNECT_USERNAME: restUser,
        CONNECT_PASSWORD: '',
        CONNECT_PASSWORD_FILE: restPasswordFile(restFolderOf(settings)),
      };
      return { name: 'connect', port: ports.connect, health: '/readyz', env };
    }
  }
}

function sessionKeyFile(dataDir: string): string {
  return join(dataDir, 'session.key');
}

/** The page's files, and what its sessions are signed with, from one start to the next. */
async function prepareQuery(dataDir: string, signal: AbortSignal): Promise<void> {
  const file = sessionKeyFile(dataDir);
  if (!hasSessionKey() && !existsSync(file)) writeSecret(file, randomBytes(48).toString('base64'));
  await ensurePage(signal);
}

/**
 * As in the Dockerfile. A burst of waiting events or of reads, or a search through a long topic, would
 * otherwise grow the space for young objects to 48 MiB and more. The processor has more of it: the counts of
 * a commit are young until the commit is over, and V8 would copy them again and again.
 */
const nodeFlags: Partial<Record<ServiceName, string[]>> = {
  ingest: ['--max-semi-space-size=16'],
  processor: ['--max-semi-space-size=64'],
  connect: ['--max-semi-space-size=4'],
  query: ['--max-semi-space-size=8'],
};

/**
 * Describes a service to whatever starts it.
 * The environment it inherits may say more (topic names, log level).
 */
export function serviceSpec(workspace: ServiceName, settings: ServiceSettings): PartSpec {
  const { ports, dataDir, security } = settings;
  const { name, port, probePort = port, health, env } = shapeOf(workspace, settings);
  const local = originOf(security);
  return {
    name,
    address: `${local}:${port}`,
    logFile: join(dataDir, 'logs', `${name}.log`),
    probe: { kind: 'http', url: `${local}:${probePort}${health}` },
    ...(workspace === 'query' && { prepare: (signal: AbortSignal) => prepareQuery(dataDir, signal) }),
    command: {
      file: process.execPath,
      args: [...(nodeFlags[workspace] ?? []), join(projectRoot, workspace, 'src', 'main.ts')],
      cwd: projectRoot,
      env: {
        // Compiled code is kept from one start to the next.
        NODE_COMPILE_CACHE: join(cacheDir, 'node'),
        HOST: loopback,
        KAFKA_BROKERS: `${loopback}:${ports.kafka}`,
        MONGODB_URI: mongoUrl(ports.mongodb),
        ...plain,
        ...env,
        ...(security && secureService(workspace, ports, security)),
      },
    },
    remedy: 'its log says what it misses',
    bootTimeoutMs: 60_000,
    stopGraceMs: 11_000,
  };
}
