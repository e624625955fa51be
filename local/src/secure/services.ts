// What the services of the secure stack are started with: names in the environment, secrets in files.
import { join } from 'node:path';
import { mongoUrl } from '../parts/mongo.ts';
import type { Ports, ServiceName } from '../parts/services.ts';
import { loopback } from '../process/ports.ts';
import type { KafkaPrincipal, MongoAccount } from '@activity/contracts';
import { writeSecret } from './certificates.ts';
import { restUser, sinkPassword } from './connect.ts';
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

/** A service's variables, over those of a stack that is open. Writes the files that they name. */
export function secureService(service: ServiceName, ports: Ports, security: Security): Variables {
  switch (service) {
    case 'ingest':
    case 'processor':
      return kafkaVariables(security, service);
    case 'query':
      return mongoVariables(security, 'query', ports.mongodb);
    case 'connect':
      return {
        ...kafkaVariables(security, 'connectors'),
        ...mongoVariables(security, 'connectors', ports.mongodb),
        CONNECT_USERNAME: restUser,
        CONNECT_PASSWORD_FILE: security.passwords.fileOf('connect-rest'),
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
  };
}

/** Writes them, for `. secure/operator.env`. */
export function writeOperatorFile(ports: Ports, security: Security): void {
  const lines = Object.entries(operatorVariables(ports, security)).map(
    ([name, value]) => `export ${name}='${value}'`,
  );
  writeSecret(join(security.folder, 'operator.env'), `${lines.join('\n')}\n`);
}
