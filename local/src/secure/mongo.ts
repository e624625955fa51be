// mongod with TLS, passwords and roles.
import type { MongoAccount } from '@activity/contracts';
import type { MongoClient } from 'mongodb';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { writeSecret } from './certificates.ts';
import type { Security } from './security.ts';

/** mongod's arguments, beside those of one that is open. Members of a replica set show each other the key. */
export function secureMongod({ certificates, folder }: Security): string[] {
  const keyFile = join(folder, 'mongodb.key');
  if (!existsSync(keyFile)) writeSecret(keyFile, randomBytes(96).toString('base64'));
  return [
    '--auth',
    '--keyFile',
    keyFile,
    '--tlsMode',
    'requireTLS',
    '--tlsCertificateKeyFile',
    certificates.mongodb,
    '--tlsCAFile',
    certificates.ca,
    // Clients show a password, not a certificate.
    '--tlsAllowConnectionsWithoutCertificates',
  ];
}

/** What a URL of MongoDB ends with, and begins with, for one account. */
export function mongoAccess(
  { passwords, certificates }: Security,
  account: MongoAccount | 'admin',
): {
  credentials: string;
  options: string;
} {
  return {
    credentials: `${account}:${passwords.of(`mongodb-${account}`)}@`,
    options: `&authSource=admin&tls=true&tlsCAFile=${encodeURIComponent(certificates.ca)}`,
  };
}

/** Makes the admin where there is nobody yet: for as long, mongod lets whoever is on its own machine do that. */
export async function makeAdmin(open: MongoClient, { passwords }: Security): Promise<void> {
  await open.db('admin').command({
    createUser: 'admin',
    pwd: passwords.of('mongodb-admin'),
    roles: ['root'],
  });
}
