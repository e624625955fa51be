// Ports of the pipeline: which variable names each, and whether any is taken.
import type { Config } from '../config.ts';
import type { Ports } from '../parts/services.ts';
import { isPortTaken, loopback } from '@activity/testbed/process/ports';
import { Problem } from '@activity/testbed/process/problem';

type PortVariable = Extract<keyof Config, `${string}_PORT`>;

const uses: Record<keyof Ports, { variable: PortVariable; what: string }> = {
  ingest: { variable: 'INGEST_PORT', what: 'the edge (ingest)' },
  query: { variable: 'QUERY_PORT', what: 'the query service' },
  processor: { variable: 'PROCESSOR_METRICS_PORT', what: "the processor's metrics" },
  connect: { variable: 'CONNECT_SUPERVISOR_PORT', what: 'the connector supervisor' },
  kafka: { variable: 'KAFKA_PORT', what: 'the Kafka broker' },
  kafkaConnect: { variable: 'CONNECT_PORT', what: 'Kafka Connect' },
  mongodb: { variable: 'MONGO_PORT', what: 'MongoDB' },
};

const roles: (keyof Ports)[] = [
  'ingest',
  'query',
  'processor',
  'connect',
  'kafka',
  'kafkaConnect',
  'mongodb',
];

/** The ports that the configuration names. */
export function portsOf(config: Config): Ports {
  return {
    ingest: config.INGEST_PORT,
    query: config.QUERY_PORT,
    processor: config.PROCESSOR_METRICS_PORT,
    connect: config.CONNECT_SUPERVISOR_PORT,
    kafka: config.KAFKA_PORT,
    kafkaConnect: config.CONNECT_PORT,
    mongodb: config.MONGO_PORT,
  };
}

function line(role: keyof Ports, port: number, why: string): string {
  const { variable, what } = uses[role];
  return `port ${port}, which ${what} needs, ${why}: stop what uses it or set ${variable} to another port`;
}

/**
 * Makes sure that every port can be listened on.
 *
 * @throws Problem with one line for each port that is taken, or given to two parts.
 */
export async function checkPorts(ports: Ports): Promise<void> {
  const lines: string[] = [];
  for (const role of roles) {
    const port = ports[role];
    const twice = roles.find((other) => other !== role && ports[other] === port);
    if (twice !== undefined) lines.push(line(role, port, `is also set for ${uses[twice].what}`));
    else if (await isPortTaken(port)) lines.push(line(role, port, `is taken on ${loopback}`));
  }
  if (lines.length > 0) throw new Problem(lines.join('\n'));
}
