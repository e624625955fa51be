// The connection string that the sink gets: the deployment's, made patient and durable.
import { ConnectionString } from 'mongodb-connection-string-url';

/** A MongoDB connection for the sink connector. */
export interface SinkUri {
  uri: string;
  database: string;
}

/**
 * Who the sink is in MongoDB. The password may be a reference that the worker resolves, so that it stays out
 * of the config topic.
 */
export interface SinkUser {
  username?: string | undefined;
  password?: string | undefined;
}

const placeholder = 'password';

/** What only Node's driver understands: the worker's Java has its own trust store. */
const nodeOnly = ['tlsCAFile', 'tlsCertificateKeyFile', 'tlsCertificateKeyFilePassword', 'tlsCRLFile'];

/**
 * Adds what the sink relies on. With the default server selection timeout a task fails 30 s into an outage;
 * with ten minutes it waits. Majority writes, so that an offset is never committed for a write that a
 * failover takes back. No `wtimeoutMS`. No retryable writes, for which mongod writes a second document for
 * each: the sink repeats its batches itself, and each of its writes may be repeated.
 */
export function sinkUri(mongodbUri: string, { username, password }: SinkUser = {}): SinkUri {
  const uri = new ConnectionString(mongodbUri);
  const database = decodeURIComponent(uri.pathname.slice(1));
  uri.pathname = '/';
  // Where the path named the database to authenticate against, it still must.
  if (uri.username !== '' && !uri.searchParams.has('authSource'))
    uri.searchParams.set('authSource', database);
  uri.searchParams.set('retryWrites', 'false');
  uri.searchParams.set('w', 'majority');
  uri.searchParams.set('serverSelectionTimeoutMS', '600000');
  uri.searchParams.set('connectTimeoutMS', '5000');
  uri.searchParams.delete('wtimeoutMS');
  for (const option of nodeOnly) uri.searchParams.delete(option);
  if (username === undefined) return { uri: uri.toString(), database };
  uri.username = encodeURIComponent(username);
  uri.password = placeholder;
  // As it is: a reference must not be encoded.
  return { uri: uri.toString().replace(`:${placeholder}@`, () => `:${password ?? ''}@`), database };
}
