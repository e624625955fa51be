// Kafka Connect's REST interface behind a password. Connect looks at no `Host`: without one, a page of any
// site whose name leads to this machine could copy the database with the browser of whoever looks at the
// page.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSecret } from '../process/secret-file.ts';
import type { Properties } from './properties.ts';

/**
 * The one user of the interface: the supervisor, the launcher, and whoever may read the file of the password.
 */
export const restUser = 'connectors';

const javaPackage = 'org.apache.kafka.connect.rest.basic.auth.extension';

/** Where the password is. */
export function restPasswordFile(folder: string): string {
  return join(folder, 'connect-rest.password');
}

/** Where the worker reads what Java's login needs. */
function loginFile(folder: string): string {
  return join(folder, 'connect.jaas');
}

/** Makes the password where it is missing, and writes the files that the worker reads. */
export function ensureRestAccess(folder: string): void {
  const file = restPasswordFile(folder);
  if (!existsSync(file)) writeSecret(file, randomBytes(24).toString('base64url'));
  const users = join(folder, 'connect-users.properties');
  writeSecret(users, `${restUser}=${readFileSync(file, 'utf8')}\n`);
  const login = `${javaPackage}.PropertyFileLoginModule required file="${users}";`;
  writeSecret(loginFile(folder), `KafkaConnect {\n  ${login}\n};\n`);
}

/** The worker's settings. */
export const restSettings: Properties = {
  'rest.extension.classes': 'activity.sink.PasswordRestExtension',
};

/** Java's own settings: how the interface knows its user. */
export function restJavaOptions(folder: string): string[] {
  return [`-Djava.security.auth.login.config=${loginFile(folder)}`];
}

/** The header that the interface asks for. */
export function restAuthorization(folder: string): string {
  const password = readFileSync(restPasswordFile(folder), 'utf8');
  return `Basic ${Buffer.from(`${restUser}:${password}`).toString('base64')}`;
}
