// Passwords of MongoDB and of Kafka Connect's REST interface, made once: a folder for each who reads them, so
// that each container can be shown its own alone.
//
//   mongo/key, mongo/ADMIN-OR-ACCOUNT.password   mongod itself, and who makes its users
//   query/mongodb-uri, connectors/mongodb-uri    what these services connect with
//   query/session-key                            what sign-ins to the page are signed with
//   sink/sink.properties                         the sink's password, as a Connect worker reads it
//   connectors/connect-rest.password             what the supervisor asks the worker with
//   sink/connect-users.properties, connect.jaas, connect-authorization   the same, as the worker and its
//   health check read it
import { mongoAccounts } from '@activity/contracts';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MongoPerson } from './initiate-replica-set.ts';

/** The password that is in a folder of secrets. @throws Error where there is none. */
export function passwordIn(folder: string): (person: MongoPerson) => string {
  return (person) => readFileSync(join(folder, 'mongo', `${person}.password`), 'utf8');
}

/**
 * Makes what is missing, and keeps what is there. Readable for all who see the folder: containers have users
 * of their own. The passwords need no encoding in URLs and properties.
 */
export function makeSecrets(folder: string, mongodbUri: string): void {
  function write(path: string, text: string): void {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    // Half a file would be kept for ever.
    writeFileSync(`${file}.new`, text);
    // The umask may have taken away what the users of other containers need.
    chmodSync(dirname(file), 0o755);
    chmodSync(`${file}.new`, 0o444);
    renameSync(`${file}.new`, file);
  }
  function keep(path: string, text: string): void {
    if (!existsSync(join(folder, path))) write(path, text);
  }
  keep('mongo/key', randomBytes(96).toString('base64'));
  keep('query/session-key', randomBytes(48).toString('base64'));
  for (const person of ['admin', ...mongoAccounts])
    keep(`mongo/${person}.password`, randomBytes(24).toString('base64url'));
  const passwordOf = passwordIn(folder);
  for (const account of ['query', 'connectors'] as const) {
    const uri = new URL(mongodbUri);
    uri.username = account;
    uri.password = passwordOf(account);
    uri.searchParams.set('authSource', 'admin');
    write(`${account}/mongodb-uri`, uri.href);
  }
  write('sink/sink.properties', `password=${passwordOf('sink')}\n`);
  keep('connectors/connect-rest.password', randomBytes(24).toString('base64url'));
  const rest = readFileSync(join(folder, 'connectors/connect-rest.password'), 'utf8');
  write('sink/connect-users.properties', `connectors=${rest}\n`);
  const login = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule';
  write(
    'sink/connect.jaas',
    `KafkaConnect {\n  ${login} required file="/secrets/connect-users.properties";\n};\n`,
  );
  const credentials = Buffer.from(`connectors:${rest}`).toString('base64');
  write('sink/connect-authorization', `Basic ${credentials}`);
}
