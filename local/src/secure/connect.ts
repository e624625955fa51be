// The Connect worker with TLS, as a user of Kafka's, with the secrets of its connectors in a file.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SecureWorker } from '@activity/testbed/servers/connect';
import type { Properties } from '@activity/testbed/servers/properties';
import { loopback } from '@activity/testbed/process/ports';
import { writeSecret } from '@activity/testbed/process/secret-file';
import { storePassword } from './certificates.ts';
import { scramLogin } from './kafka.ts';
import type { Security } from './security.ts';

/** Where the sink's password is, as a connector's configuration names it. */
export function sinkPassword({ folder }: Security): string {
  return `\${file:${join(folder, 'worker')}/sink.properties:password}`;
}

/** What makes the worker secure. */
export function secureWorker(security: Security): SecureWorker {
  return {
    config: (port) => settings(security, port),
    javaOptions: workerJavaOptions(security),
    writeFiles: () => writeWorkerFiles(security),
  };
}

function settings({ folder, passwords, certificates }: Security, port: number): Properties {
  const client = {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': scramLogin('connect-worker', passwords.of('kafka-connect-worker')),
  };
  const forEach = ['', 'consumer.', 'producer.', 'admin.'];
  return {
    ...Object.fromEntries(
      forEach.flatMap((prefix) => Object.entries(client).map(([name, value]) => [`${prefix}${name}`, value])),
    ),
    listeners: `https://${loopback}:${port}`,
    'listeners.https.ssl.keystore.type': 'PKCS12',
    'listeners.https.ssl.keystore.location': certificates.connect,
    'listeners.https.ssl.keystore.password': storePassword,
    'listeners.https.ssl.key.password': storePassword,
    'config.providers': 'file',
    'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    'config.providers.file.param.allowed.paths': join(folder, 'worker'),
  };
}

/** Writes what the worker reads: the password of the sink. */
function writeWorkerFiles({ folder, passwords }: Security): void {
  mkdirSync(join(folder, 'worker'), { recursive: true, mode: 0o700 });
  writeSecret(join(folder, 'worker', 'sink.properties'), `password=${passwords.of('mongodb-sink')}\n`);
}

/** Java's own settings: whom it trusts. */
function workerJavaOptions({ certificates }: Security): string[] {
  return [
    `-Djavax.net.ssl.trustStore=${certificates.trustStore}`,
    `-Djavax.net.ssl.trustStorePassword=${storePassword}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
  ];
}
