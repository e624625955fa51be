// `npm run keys -- create|list|revoke`: the API keys of the edge and the query service.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { loadConfig } from '../load-config.ts';
import { scopes } from './api-key.ts';
import { addKey, revokeKey } from './key-admin.ts';
import { readKeys } from './key-file.ts';

const usage = `npm run keys -- create --name <whose> --scope ingest[,read][,delete]
npm run keys -- list
npm run keys -- revoke <id>

The file is API_KEYS_FILE (now %FILE%); services read it again when it changes.`;

const config = loadConfig(
  z.object({ API_KEYS_FILE: z.string().default('api-keys.json').describe('File of API keys') }),
  process.env,
);
const file = config.API_KEYS_FILE;

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { name: { type: 'string' }, scope: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command, id] = positionals;
  if (command === 'create') {
    const granted = z.array(z.enum(scopes)).min(1).parse(values.scope?.split(','));
    const name = z.string().min(1).parse(values.name);
    const key = await addKey(file, name, granted, new Date());
    console.error(`A key for ${name} (${granted.join(', ')}), shown only now; its hash is in ${file}:`);
    console.log(key);
  } else if (command === 'list') {
    const rows = (await readKeys(file)).map((entry) => ({
      id: entry.id,
      name: entry.name,
      scopes: entry.scopes.join(','),
      created: entry.createdAt,
      revoked: entry.revokedAt ?? '',
    }));
    console.table(rows);
  } else if (command === 'revoke' && id !== undefined) {
    const { name, revokedAt } = await revokeKey(file, id, new Date());
    console.log(`The key ${id} of ${name} is revoked since ${revokedAt}.`);
  } else {
    console.error(usage.replace('%FILE%', file));
    process.exitCode = command === undefined || values.help === true ? 0 : 1;
  }
}

main().catch((error: unknown) => {
  console.error(
    error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : error,
  );
  process.exitCode = 1;
});
