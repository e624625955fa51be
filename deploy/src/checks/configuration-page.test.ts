// docs/configuration.md is what the schemas say; `npm run docs:generate` writes it again.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema as launcher } from '@activity/local/config';
import { configurationPage } from './configuration-page.ts';
import { projectRoot, schemas } from './sources.ts';

const about: Record<string, string> = {
  ingest: 'The edge. It answers to the name `producer`.',
  processor: 'The activity topology.',
  connect: 'Registers the connectors with Kafka Connect, and restarts what fails.',
  query: 'Reads logs and counts. It answers to the name `consumer`.',
  setup: 'The steps before the services, in containers and on Kubernetes: `topics` and `replica-set`.',
};

test('lists every variable with its default', async () => {
  const programs = Object.entries(schemas).map(([title, schema]) => ({
    title,
    about: about[title] ?? '',
    schema,
  }));
  const page = configurationPage([
    ...programs,
    { title: 'npm start', about: 'The launcher: everything on one machine.', schema: launcher },
  ]);
  await expect(page).toMatchFileSnapshot(join(projectRoot, 'docs', 'configuration.md'));
});

test('a bar does not end a cell', () => {
  const schema = z.object({ X: z.string().default('a|b').describe('one|two') });
  expect(configurationPage([{ title: 't', about: 'a', schema }])).toContain('| `X` | `a\\|b` | one\\|two |');
});
