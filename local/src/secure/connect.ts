// The Connect worker behind a password, as a user of Kafka's, with the secrets of its connectors in a file.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Properties } from '../parts/properties.ts';
import { trustStorePassword, writeSecret } from './certificates.ts';
import { scramLogin } from './kafka.ts';
import type { Security } from './security.ts';

/** Who the supervisor and the launcher are to the worker. */
export const restUser = 'connectors';

/** Where the sink's password lies, as a connector's configuration names it. */
export function sinkPassword({ folder }: Security): string {
  return `\${file:${join(folder, 'worker')}/sink.properties:password}`;
}

/** The worker's settings, over those of one that is open. Writes the files that they name. */
export function secureWorker(security: Security): Properties {
  const { folder, passwords } = security;
  const client = {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': scramLogin('connect', passwords.of('kafka-connect')),
  };
  const forEach = ['', 'consumer.', 'producer.', 'admin.'];
  return {
    ...Object.fromEntries(
      forEach.flatMap((prefix) => Object.entries(client).map(([name, value]) => [`${prefix}${name}`, value])),
    ),
    'config.providers': 'file',
    'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    'config.providers.file.param.allowed.paths': join(folder, 'worker'),
    'rest.extension.classes':
      'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension',
  };
}

/** Writes what the worker reads: who may use its REST interface, and the password of the sink. */
export function writeWorkerFiles({ folder, passwords }: Security): void {
  const users = join(folder, 'connect-users.properties');
  const login = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule';
  writeSecret(users, `${restUser}=${passwords.of('connect-rest')}\n`);
  writeSecret(join(folder, 'connect.jaas'), `KafkaConnect {\n  ${login} required file="${users}";\n};\n`);
  mkdirSync(join(folder, 'worker'), { recursive: true, mode: 0o700 });
  writeSecret(join(folder, 'worker', 'sink.properties'), `password=${passwords.of('mongodb-sink')}\n`);
}

/** Java's own settings: whom it trusts, and how the REST interface knows its users. */
export function workerJavaOptions({ folder, certificates }: Security): string[] {
  return [
    `-Djavax.net.ssl.trustStore=${certificates.trustStore}`,
    `-Djavax.net.ssl.trustStorePassword=${trustStorePassword}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
    `-Djava.security.auth.login.config=${join(folder, 'connect.jaas')}`,
  ];
}

/** The header that the REST interface asks for. */
export function restAuthorization({ passwords }: Security): string {
  return `Basic ${Buffer.from(`${restUser}:${passwords.of('connect-rest')}`).toString('base64')}`;
}
