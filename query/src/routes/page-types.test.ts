// The page's types are those of the OpenAPI document: the page reads what the document promises.
import { join } from 'node:path';
import { compile } from 'json-schema-to-typescript';
import { expect, test } from 'vitest';
import { testApp } from '../app.fixture.ts';

type JsonSchema = Parameters<typeof compile>[0];

interface OpenApi {
  paths: Record<
    string,
    { get: { responses: { 200: { content: { 'application/json': { schema: JsonSchema } } } } } }
  >;
}

/** What the page reads, by the names that it gives them. */
const answers = {
  Session: '/api/session',
  LogPage: '/api/logs',
  Overview: '/api/stats/overview',
  Timeline: '/api/stats/timeline',
  UserTimeline: '/api/users/timeline',
  TopUsers: '/api/stats/top-users',
  UserActivity: '/api/users/activity',
  Pipeline: '/api/pipeline',
  Types: '/api/types',
  Trace: '/api/events/trace',
};

const banner =
  '// What the query service returns. Written from its OpenAPI document by `npm run docs:generate`.';

/** The types of the answers, as a module. */
async function typesOf({ paths }: OpenApi): Promise<string> {
  const types = Object.entries(answers).map(async ([name, path]) => {
    const schema = paths[path]?.get.responses[200].content['application/json'].schema;
    if (!schema) throw new Error(`the document has no GET ${path}`);
    return compile(schema, name, { bannerComment: `/** GET ${path} */`, style: { singleQuote: true } });
  });
  return [banner, ...(await Promise.all(types))].join('\n');
}

test('the types of the page are those of the document', async () => {
  const document = await (await testApp().app.request('/openapi.json')).json();
  const file = join(import.meta.dirname, '../../page/src/data/answers.golden.ts');
  await expect(await typesOf(document as OpenApi)).toMatchFileSnapshot(file);
});
