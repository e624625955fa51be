// `.env.example` is what the configurations say; `vitest -u` writes it again.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configSchema as connect } from '../../connect/src/config.ts';
import { configSchema as ingest } from '../../ingest/src/config.ts';
import { configSchema as processor } from '../../processor/src/config.ts';
import { configSchema as query } from '../../query/src/config.ts';
import { configSchema as launcher } from './config.ts';
import { serviceSpec, type ServiceName } from './parts/services.ts';
import { projectRoot } from './paths.ts';
import { envExample } from './testing/env-example.ts';
import { freePorts } from './testing/free-ports.ts';

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
