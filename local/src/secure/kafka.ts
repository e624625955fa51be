// The broker with TLS, SCRAM and ACLs: clients give a password, the controller asks for the broker's own
// certificate.
import type { SecureBroker } from '@activity/testbed/servers/broker';
import type { Properties } from '@activity/testbed/servers/properties';
import { loopback } from '@activity/testbed/process/ports';
import { kafkaName } from './certificates.ts';
import type { Security } from './security.ts';

const mechanism = 'SCRAM-SHA-512';

/** A login of Kafka's Java clients. */
export function scramLogin(username: string, password: string): string {
  const module = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  return `${module} required username="${username}" password="${password}";`;
}

/** What makes the broker secure. */
export function secureBroker(security: Security): SecureBroker {
  return {
    config: (port, controllerPort) => settings(security, port, controllerPort),
    // Of the others the launcher sets the passwords, at each start.
    users: ['--add-scram', `${mechanism}=[name=admin,password=${security.passwords.of('kafka-admin')}]`],
    client: security.kafka,
  };
}

function settings(security: Security, port: number, controllerPort: number): Properties {
  const { certificates, passwords } = security;
  return {
    listeners: `CLIENTS://${loopback}:${port},CONTROLLER://${loopback}:${controllerPort}`,
    'advertised.listeners': `CLIENTS://${loopback}:${port}`,
    'listener.security.protocol.map': 'CLIENTS:SASL_SSL,CONTROLLER:SSL',
    'inter.broker.listener.name': 'CLIENTS',
    'sasl.enabled.mechanisms': mechanism,
    'sasl.mechanism.inter.broker.protocol': mechanism,
    [`listener.name.clients.${mechanism.toLowerCase()}.sasl.jaas.config`]: scramLogin(
      'admin',
      passwords.of('kafka-admin'),
    ),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': certificates.kafka,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': certificates.ca,
    'listener.name.controller.ssl.client.auth': 'required',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found': false,
    // The launcher, and the broker to itself and to its controller.
    'super.users': `User:admin;User:CN=${kafkaName}`,
  };
}
