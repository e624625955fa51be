// Kafka's users and their passwords, set through the broker.
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import type { KafkaSecurity } from '@activity/testbed/process/probe';
import { alterUserScramCredentialsV0, Connection } from '@platformatic/kafka';

/** SCRAM-SHA-512, as Kafka numbers it. */
const mechanism = 2;
const keyBytes = 64;
/** The least that Kafka takes. It is enough for passwords that are random. */
const iterations = 4_096;

/**
 * Makes the users that are missing, and sets the passwords of all that are named. Other users stay as they
 * are, and so do open connections.
 * @throws where the broker does not respond, or refuses one of them.
 */
export async function applyUsers(
  address: string,
  { tls, sasl }: KafkaSecurity,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  const upsertions = Object.entries(passwords).map(([name, password]) => {
    const salt = randomBytes(16);
    const saltedPassword = pbkdf2Sync(password, salt, iterations, keyBytes, 'sha512');
    return { name, mechanism, iterations, salt, saltedPassword };
  });
  const connection = new Connection('local-users', { ...(tls && { tls }), ...(sasl && { sasl }) });
  try {
    const { hostname, port } = new URL(`kafka://${address}`);
    await connection.connect(hostname, Number(port));
    await alterUserScramCredentialsV0.api.async(connection, [], upsertions);
  } finally {
    await connection.close();
  }
}
