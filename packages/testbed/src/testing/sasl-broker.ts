// A broker with passwords and ACLs beside a port without: who comes without a password may do everything.
import { freePort } from '../process/ports.ts';
import type { Properties } from '../servers/properties.ts';
import { startBroker, type LocalServer } from '../servers/start.ts';

/** The broker, whose own address asks for nothing, and the address that asks for a password. */
export interface SaslBroker {
  broker: LocalServer;
  saslAddress: string;
}

/** Starts one. `config` says which mechanisms there are, and who logs in by them. */
export async function startSaslBroker(config: Properties): Promise<SaslBroker> {
  const [port, saslPort, controllerPort] = [await freePort(), await freePort(), await freePort()];
  const saslAddress = `127.0.0.1:${saslPort}`;
  const listeners = `PLAINTEXT://127.0.0.1:${port},SASL://${saslAddress}`;
  const broker = await startBroker({
    port,
    config: {
      listeners: `${listeners},CONTROLLER://127.0.0.1:${controllerPort}`,
      'advertised.listeners': listeners,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
      'inter.broker.listener.name': 'PLAINTEXT',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      ...config,
    },
  });
  return { broker, saslAddress };
}
