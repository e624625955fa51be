// Passwords of the secure local stack: made once for a data folder, each in a file of its own.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaPrincipals, mongoAccounts } from '@activity/contracts';
import { writeSecret } from '@activity/testbed/process/secret-file';

/** Everyone who has a password in Kafka or MongoDB: who sets them up, and the services. */
const owners = [
  'kafka-admin',
  ...kafkaPrincipals.map((name) => `kafka-${name}` as const),
  'mongodb-admin',
  ...mongoAccounts.map((name) => `mongodb-${name}` as const),
] as const;

/** One of them. */
export type PasswordOwner = (typeof owners)[number];

/** Passwords and where they lie. */
export interface Passwords {
  of(owner: PasswordOwner): string;
  fileOf(owner: PasswordOwner): string;
}

/** Makes what is missing. The passwords need no encoding in URLs and properties. */
export function ensurePasswords(folder: string): Passwords {
  function fileOf(owner: PasswordOwner): string {
    return join(folder, `${owner}.password`);
  }
  for (const owner of owners) {
    if (!existsSync(fileOf(owner))) writeSecret(fileOf(owner), randomBytes(24).toString('base64url'));
  }
  return { fileOf, of: (owner) => readFileSync(fileOf(owner), 'utf8') };
}
