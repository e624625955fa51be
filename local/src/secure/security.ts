// The secure local stack: what `npm start -- --secure` keeps in the folder `secure` of its data.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { KafkaSecurity } from '@activity/service';
import type { Java } from '@activity/testbed/fetch/java';
import { Problem } from '@activity/testbed/process/problem';
import { certificateFiles, ensureCertificates, type Certificates } from './certificates.ts';
import { ensureApiKeys, type ApiKeys } from './api-keys.ts';
import { ensurePasswords, type Passwords } from './passwords.ts';

/** What makes a stack secure. */
export interface Security {
  folder: string;
  certificates: Certificates;
  passwords: Passwords;
  keys: ApiKeys;
  /** How the launcher itself reaches Kafka. */
  kafka: KafkaSecurity;
}

function folderOf(dataDir: string): string {
  return join(dataDir, 'secure');
}

/** The CA of the services' certificates; undefined where the data folder is not secure. */
export function caOf(dataDir: string): string | undefined {
  const { ca } = certificateFiles(folderOf(dataDir));
  return existsSync(ca) ? ca : undefined;
}

/**
 * A data folder is secure from its beginning, or never.
 *
 * @throws Problem where it was begun the other way.
 */
export function checkMode(dataDir: string, secure: boolean): void {
  const begun = existsSync(join(dataDir, 'kafka'));
  const wasSecure = existsSync(folderOf(dataDir));
  if (!begun || secure === wasSecure) return;
  const other = 'or set DATA_DIR to another folder, or begin with empty data (--fresh)';
  throw new Problem(
    secure
      ? `the data in ${dataDir} is of a pipeline without security: start it without --secure, ${other}`
      : `the data in ${dataDir} is of a secure pipeline: start it with \`npm start -- --secure\`, ${other}`,
  );
}

/** Makes certificates and passwords where they are missing, and trusts the CA in this process. */
export async function prepareSecurity(dataDir: string, java: Java, signal: AbortSignal): Promise<Security> {
  const folder = folderOf(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const certificates = await ensureCertificates(folder, java, Date.now(), signal);
  const passwords = ensurePasswords(folder);
  const keys = await ensureApiKeys(folder, certificates.ca, new Date());
  const ca = readFileSync(certificates.ca, 'utf8');
  setDefaultCACertificates([...getCACertificates('default'), ca]);
  return {
    folder,
    certificates,
    passwords,
    keys,
    kafka: {
      tls: { ca },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'admin', password: passwords.of('kafka-admin') },
    },
  };
}
