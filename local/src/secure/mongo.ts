// mongod with TLS, passwords and roles.
import { applyMongoRights, type MongoAccount } from '@activity/contracts';
import type { MongoAccess, SecureMongo } from '@activity/testbed/servers/mongo';
import type { MongoClient } from 'mongodb';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { writeSecret } from '@activity/testbed/process/secret-file';
import type { Security } from './security.ts';

/** What makes mongod secure. */
export function secureMongo(security: Security): SecureMongo {
  return {
    args: secureArguments(security),
    admin: mongoAccess(security, 'admin'),
    makeAdmin: (open) => makeAdmin(open, security),
    applyRights: (admin, database) =>
      applyMongoRights(admin.db('admin'), database, (account) => security.passwords.of(`mongodb-${account}`)),
  };
}

/** Members of a replica set show each other the key. */
function secureArguments({ certificates, folder }: Security): string[] {
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
): MongoAccess {
  return {
    credentials: `${account}:${passwords.of(`mongodb-${account}`)}@`,
    options: `&authSource=admin&tls=true&tlsCAFile=${encodeURIComponent(certificates.ca)}`,
  };
}

/**
 * Makes the admin where there is nobody yet: for as long, mongod lets whoever is on its own machine do that.
 */
async function makeAdmin(open: MongoClient, { passwords }: Security): Promise<void> {
  await open.db('admin').command({
    createUser: 'admin',
    pwd: passwords.of('mongodb-admin'),
    roles: ['root'],
  });
}
