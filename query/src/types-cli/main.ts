// `npm run types -- list|put|delete|generate`: the catalogue of event types from the command line.
import { writeFile } from 'node:fs/promises';
import { httpUrl, loadConfig, readArguments, runTool, toolEnvironment } from '@activity/service';
import { z } from 'zod';
import { generateTypes } from './generate.ts';
import { pathOf, putInput } from './put-input.ts';

const usage = `npm run types -- list                     the types, with volume and what their schemas have refused
npm run types -- put NAME [options]      registers or changes a type
npm run types -- delete NAME             takes a type out of the catalogue
npm run types -- generate [--out FILE]   TypeScript types of all types, printed unless --out is given

--schema FILE      a JSON Schema (2020-12) for the metadata; none: takes the schema away
--mode MODE        off, warn or strict
--owner TEXT       --description TEXT
--retention-days N  how long its logs are kept; none: as the deployment says
--force            makes a change that is incompatible

EDGE_URL says where the edge is (http://127.0.0.1:3000 unless it is set), API_KEY is a key with the scope admin to change, read to list.`;

const { positionals, values } = readArguments({
  usage,
  options: {
    schema: { type: 'string' },
    mode: { type: 'string' },
    owner: { type: 'string' },
    description: { type: 'string' },
    'retention-days': { type: 'string' },
    out: { type: 'string' },
    force: { type: 'boolean' },
  },
  positionals: 2,
});

const { EDGE_URL: edge, API_KEY: key } = loadConfig(
  z.object({
    EDGE_URL: httpUrl('http://127.0.0.1:3000').describe('The edge'),
    API_KEY: z.string().min(1).optional().describe('An API key, where keys are used'),
  }),
  toolEnvironment(),
);

const listed = z.object({
  types: z.array(
    z.looseObject({
      name: z.string(),
      registered: z.boolean(),
      mode: z.string(),
      version: z.number(),
      schema: z.unknown().optional(),
      description: z.string().optional(),
      last24h: z.number(),
      last30d: z.number(),
      lastSeen: z.string().nullable(),
      violations: z.number(),
    }),
  ),
});
const refusal = z.looseObject({
  error: z.string().optional(),
  message: z.string().optional(),
  reasons: z.array(z.string()).optional(),
  details: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${edge}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(key !== undefined && { 'x-api-key': key }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new Error(`the edge at ${edge} does not answer: start it, or set EDGE_URL`, { cause: error });
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { error = '', message = '', reasons = [], details = [] } = refusal.parse(answer);
  const why = [...details.map(({ field, message: problem }) => `${field}: ${problem}`), ...reasons];
  throw new Error([`${response.status} ${error}: ${message}`, ...why].join('\n  '));
}

async function list(): Promise<void> {
  const { types } = listed.parse(await ask('GET', '/api/types'));
  console.table(
    types.map(({ name, registered, mode, version, last24h, last30d, lastSeen, violations }) => ({
      name,
      registered,
      mode,
      version,
      'last 24 h': last24h,
      'last 30 d': last30d,
      'last seen': lastSeen ?? '',
      violations,
    })),
  );
}

async function put(query: string): Promise<void> {
  const body = await putInput(values);
  const force = values.force === true ? '&force=true' : '';
  console.log(JSON.stringify(await ask('PUT', `/api/types${query}${force}`, body), undefined, 2));
}

async function generate(): Promise<void> {
  const { types } = listed.parse(await ask('GET', '/api/types'));
  const text = await generateTypes(types.filter(({ registered }) => registered));
  if (values.out === undefined) console.log(text);
  else await writeFile(pathOf(values.out), text);
}

await runTool(async () => {
  const [command, name] = positionals;
  const query = `?name=${encodeURIComponent(name ?? '')}`;
  if (name === undefined && (command === 'put' || command === 'delete'))
    throw new Error(`${command} needs the name of a type\n\n${usage}`);
  switch (command) {
    case 'list':
      return list();
    case 'put':
      return put(query);
    case 'delete':
      return console.log(await ask('DELETE', `/api/types${query}`));
    case 'generate':
      return generate();
    case undefined:
    default:
      throw new Error(
        `${command === undefined ? 'what is to be done?' : `there is no ${command}`}\n\n${usage}`,
      );
  }
});
