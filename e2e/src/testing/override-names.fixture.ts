// Preloaded into a service by a test: resolves the host names of NAMES_FILE as this JSON file says at that
// moment, as a cluster's DNS does.
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type Callback = (
  error: NodeJS.ErrnoException | null,
  address?: string | { address: string; family: number }[],
  family?: number,
) => void;

const lookup = dns.lookup as unknown as (host: string, options: unknown, callback: Callback) => void;

function addressOf(host: string): string | null | undefined {
  // oxlint-disable-next-line node/no-process-env -- it is no part of a service
  const file = process.env['NAMES_FILE'] ?? '';
  return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string | null>)[host];
}

function overridden(host: string, options: unknown, callback: Callback): void {
  const address = addressOf(host);
  if (address === undefined) return lookup(host, options, callback);
  const all = typeof options === 'object' && options !== null && 'all' in options && options.all === true;
  setImmediate(() => {
    if (address === null) {
      const error: NodeJS.ErrnoException = new Error(`getaddrinfo ENOTFOUND ${host}`);
      error.code = 'ENOTFOUND';
      callback(error);
    } else if (all) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  });
}

Object.assign(dns, { lookup: overridden });
syncBuiltinESMExports();
