// `npm run keys -- create|list|origins|revoke`: the API keys of the edge and the query service.
import { userInfo } from 'node:os';
import { z } from 'zod';
import { loadConfig } from '../load-config.ts';
import { readArguments, runTool, toolEnvironment } from '../tool.ts';
import { scopes, type Scope } from './api-key.ts';
import { addKey, addPublicKey, revokeKey, setOrigins } from './key-admin.ts';
import { readKeys } from './key-file.ts';

const usage = `npm run keys -- create --name NAME --scope SCOPES   a new secret key, printed once
npm run keys -- create --name NAME --public --origin ORIGIN
                                                    a new public key, which web pages may hold
npm run keys -- list                                all keys, without what is secret of them
npm run keys -- origins ID --origin ORIGIN          a public key's origins are these and no others
npm run keys -- revoke ID                           it is refused within a second

--name NAME      whose key it is
--scope SCOPES   what it may do, separated by commas: ${scopes.join(', ')}; a public key may only ingest
--public         the key may send events from web pages, and do nothing else
--origin ORIGIN  whose pages may use it; as often as there are origins: https://shop.example,
                 http://localhost:5173, https://*.shop.example (every sub-domain of it)
--by NAME        who does it, for the audit: your user name unless given

The file of keys is API_KEYS_FILE, api-keys.json unless it is set.`;

const { positionals, values } = readArguments({
  usage,
  options: {
    name: { type: 'string' },
    scope: { type: 'string', multiple: true },
    public: { type: 'boolean' },
    origin: { type: 'string', multiple: true },
    by: { type: 'string' },
  },
  positionals: 2,
});

const defaultFile = 'api-keys.json';
const { API_KEYS_FILE: configured } = loadConfig(
  z.object({ API_KEYS_FILE: z.string().optional().describe('File of API keys') }),
  toolEnvironment(),
);
const file = configured ?? defaultFile;

function scopesIn(text: string): Scope[] {
  const granted = z.array(z.enum(scopes)).safeParse(text.split(','));
  if (granted.success) return granted.data;
  throw new Error(`--scope ${text}: must be one or more of ${scopes.join(', ')}, separated by commas`);
}

/** Who runs this; nobody that is known where the system has no name for the user. */
function whoRunsThis(): string | undefined {
  if (values.by !== undefined) return values.by;
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

async function create(): Promise<void> {
  const { name, public: forPages = false, origin = [] } = values;
  const scope = values.scope?.join(',');
  const missing = [...(name ? [] : ['--name']), ...(scope || forPages ? [] : ['--scope'])];
  if (missing.length > 0 || !name) throw new Error(`create needs ${missing.join(' and ')}\n\n${usage}`);
  if (forPages) return createPublic(name, origin, scope ?? 'ingest');
  if (origin.length > 0) throw new Error(`--origin is for public keys: add --public\n\n${usage}`);
  const granted = scopesIn(scope ?? '');
  const key = await addKey(file, name, granted, new Date(), whoRunsThis());
  console.error(`A key for ${name} (${granted.join(', ')}), shown only now; its hash is in ${file}:`);
  console.log(key);
  sayWhoReads();
}

async function createPublic(name: string, origins: readonly string[], scope: string): Promise<void> {
  if (scope !== 'ingest') throw new Error(`--scope ${scope}: a public key may only ingest`);
  const key = await addPublicKey(file, name, origins, new Date(), whoRunsThis());
  console.error(`A public key for ${name}, for pages of ${origins.join(', ')}; its hash is in ${file}:`);
  console.log(key);
  sayWhoReads();
}

function sayWhoReads(): void {
  if (configured === undefined)
    console.error(
      `No service reads ${file} yet: set API_KEYS_FILE=${file} (for npm start in .env), and start the services again.`,
    );
  else console.error('Services that were started with this API_KEYS_FILE know the key within a second.');
}

async function list(): Promise<void> {
  const rows = (await readKeys(file)).map((entry) => ({
    id: entry.id,
    name: entry.name,
    scopes: entry.scopes.join(','),
    origins: entry.origins?.join(' ') ?? '',
    created: entry.createdAt,
    by: entry.createdBy ?? '',
    revoked: entry.revokedAt ?? '',
  }));
  console.table(rows);
}

async function changeOrigins(id: string | undefined): Promise<void> {
  if (id === undefined) throw new Error(`origins needs the id of a key: npm run keys -- list\n\n${usage}`);
  const { name, origins: set = [] } = await setOrigins(
    file,
    id,
    values.origin ?? [],
    new Date(),
    whoRunsThis(),
  );
  console.log(`The key ${id} of ${name} is for pages of ${set.join(', ')}.`);
}

async function revoke(id: string | undefined): Promise<void> {
  if (id === undefined) throw new Error(`revoke needs the id of a key: npm run keys -- list\n\n${usage}`);
  const { name, revokedAt } = await revokeKey(file, id, new Date(), whoRunsThis());
  console.log(`The key ${id} of ${name} is revoked since ${revokedAt}.`);
}

await runTool(async () => {
  const [command, id] = positionals;
  switch (command) {
    case 'create':
      return create();
    case 'list':
      return list();
    case 'origins':
      return changeOrigins(id);
    case 'revoke':
      return revoke(id);
    case undefined:
    default:
      throw new Error(
        `${command === undefined ? 'what is to be done?' : `there is no ${command}`}\n\n${usage}`,
      );
  }
});
