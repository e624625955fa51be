// The connection string that the sink gets: the deployment's, made patient and durable.
import { ConnectionString } from 'mongodb-connection-string-url';

/** A MongoDB connection for the sink connector. */
export interface SinkUri {
  uri: string;
  database: string;
}

/**
 * Adds what the sink relies on. With the default server selection timeout a task fails 30 s into an outage; with ten minutes it
 * waits. Majority writes, so that an offset is never committed for a write that a failover takes back. No `wtimeoutMS`.
 */
export function sinkUri(mongodbUri: string): SinkUri {
  const uri = new ConnectionString(mongodbUri);
  const database = decodeURIComponent(uri.pathname.slice(1));
  uri.pathname = '/';
  // Where the path named the database to authenticate against, it still must.
  if (uri.username !== '' && !uri.searchParams.has('authSource'))
    uri.searchParams.set('authSource', database);
  uri.searchParams.set('retryWrites', 'true');
  uri.searchParams.set('w', 'majority');
  uri.searchParams.set('serverSelectionTimeoutMS', '600000');
  uri.searchParams.set('connectTimeoutMS', '5000');
  uri.searchParams.delete('wtimeoutMS');
  return { uri: uri.toString(), database };
}
