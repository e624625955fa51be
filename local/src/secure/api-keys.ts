// API keys of the secure local stack: the operator's and the query service's, made once for a data folder.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureKey } from '@activity/service';
import { writeSecret } from '@activity/testbed/process/secret-file';

/** Where the keys are. */
export interface ApiKeys {
  /** The file of keys that the services read. */
  file: string;
  /** The key that may do everything. */
  operatorFile: string;
  /** What the query service asks the processor and the supervisor with. */
  queryFile: string;
  /** What `curl -K` reads: the operator's key and the CA. */
  curlFile: string;
}

/** Makes the keys that are missing or revoked. */
export async function ensureApiKeys(folder: string, ca: string, now: Date): Promise<ApiKeys> {
  const keys = {
    file: join(folder, 'api-keys.json'),
    operatorFile: join(folder, 'operator.api-key'),
    queryFile: join(folder, 'query.api-key'),
    curlFile: join(folder, 'operator.curl'),
  };
  const { file: path, operatorFile, queryFile, curlFile } = keys;
  await ensureKey(
    { path, keyFile: operatorFile, name: 'operator', scopes: ['ingest', 'read', 'delete', 'admin'] },
    now,
  );
  await ensureKey({ path, keyFile: queryFile, name: 'query', scopes: ['read'] }, now);
  // On a command line the key would be seen by everyone on this machine.
  writeSecret(
    curlFile,
    `cacert = "${ca}"\nheader = "authorization: Bearer ${readFileSync(operatorFile, 'utf8')}"\n`,
  );
  return keys;
}
