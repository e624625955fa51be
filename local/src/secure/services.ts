// What the services of the secure stack are started with: names in the environment, secrets in files.
import { join } from 'node:path';
import { mongoUrl } from '@activity/testbed/servers/mongo';
import type { Ports, ServiceName } from '../parts/services.ts';
import { loopback } from '@activity/testbed/process/ports';
import type { KafkaPrincipal, MongoAccount } from '@activity/contracts';
import { hasApiKeys } from '../config.ts';
import { writeSecret } from '@activity/testbed/process/secret-file';
import { sinkPassword } from './connect.ts';
import { mongoAccess } from './mongo.ts';
import type { Security } from './security.ts';

type Variables = Record<string, string>;

function kafkaVariables({ certificates, passwords }: Security, principal: KafkaPrincipal): Variables {
  return {
    KAFKA_TLS: 'true',
    KAFKA_TLS_CA_FILE: certificates.ca,
    KAFKA_SASL_USERNAME: principal,
    KAFKA_SASL_PASSWORD_FILE: passwords.fileOf(`kafka-${principal}`),
  };
}

function mongoVariables(security: Security, account: MongoAccount, port: number): Variables {
  const file = join(security.folder, `${account}.mongodb-uri`);
  writeSecret(file, mongoUrl(port, mongoAccess(security, account)));
  // Empty counts as not set: the URL of a stack that is open must not win.
  return { MONGODB_URI: '', MONGODB_URI_FILE: file };
}

function tlsVariables({ certificates }: Security): Variables {
  return {
    TLS_CERT_FILE: certificates.services,
    TLS_KEY_FILE: certificates.servicesKey,
    TLS_CA: '',
    TLS_CA_FILE: certificates.ca,
  };
}

/** A service's variables, over those of a stack that is open. Writes the files that they name. */
export function secureService(service: ServiceName, ports: Ports, security: Security): Variables {
  const tls = tlsVariables(security);
  const ownKeys = { API_KEYS_FILE: security.keys.file };
  // Who may use the edge and the query service, the environment may say instead.
  const keys = hasApiKeys() ? {} : ownKeys;
  switch (service) {
    case 'ingest':
      return { ...tls, ...keys, ...kafkaVariables(security, service) };
    case 'processor':
      return { ...tls, ...ownKeys, ...kafkaVariables(security, service) };
    case 'query':
      return {
        ...tls,
        ...keys,
        ...kafkaVariables(security, service),
        STAGES_API_KEY: '',
        STAGES_API_KEY_FILE: security.keys.queryFile,
        ...mongoVariables(security, 'query', ports.mongodb),
      };
    case 'connect':
      return {
        ...tls,
        ...ownKeys,
        ...kafkaVariables(security, 'connect'),
        ...mongoVariables(security, 'connectors', ports.mongodb),
        SINK_MONGODB_USERNAME: 'sink',
        SINK_MONGODB_PASSWORD: sinkPassword(security),
      };
  }
}

/** What the tools of the command line are run with. */
function operatorVariables(ports: Ports, security: Security): Variables {
  return {
    KAFKA_BROKERS: `${loopback}:${ports.kafka}`,
    ...kafkaVariables(security, 'operator'),
    ...mongoVariables(security, 'operator', ports.mongodb),
    API_KEYS_FILE: security.keys.file,
  };
}

/** Writes them, for `. secure/operator.env`. */
export function writeOperatorFile(ports: Ports, security: Security): void {
  const lines = Object.entries(operatorVariables(ports, security)).map(
    ([name, value]) => `export ${name}='${value}'`,
  );
  writeSecret(join(security.folder, 'operator.env'), `${lines.join('\n')}\n`);
}
