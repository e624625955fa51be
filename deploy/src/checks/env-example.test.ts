// `.env.example` is what the configurations say; `vitest -u` writes it again.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema as connect } from '@activity/connect/config';
import { configSchema as ingest } from '@activity/ingest/config';
import { configSchema as processor } from '@activity/processor/config';
import { configSchema as query } from '@activity/query/config';
import { configSchema as launcher } from '@activity/local/config';
import { serviceSpec, type ServiceName } from '@activity/local/parts/services';
import { projectRoot } from '@activity/testbed/paths';
import { envExample } from './env-example.ts';
import { freePorts } from '@activity/local/testing/free-ports';

test('lists every variable with its default', async () => {
  const ports = await freePorts();
  function given(name: ServiceName): Set<string> {
    return new Set(Object.keys(serviceSpec(name, { ports, dataDir: '/nonexistent' }).command.env ?? {}));
  }
  const text = envExample([
    { title: 'The launcher: npm start', schema: launcher, given: new Set() },
    { title: 'ingest', schema: ingest, given: given('ingest') },
    { title: 'processor', schema: processor, given: given('processor') },
    { title: 'connect', schema: connect, given: given('connect') },
    { title: 'query', schema: query, given: given('query') },
  ]);
  await expect(text).toMatchFileSnapshot(join(projectRoot, '.env.example'));
});
