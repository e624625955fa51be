// The alert rules: promtool takes them and their tests, each is tested firing and quiet, and each has its
// section in the runbook.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { run } from '@activity/testbed/process/run';
import { documentsOf, projectRoot, read } from '../checks/sources.ts';
import { readAlerts, rulesFile, rulesTestFile } from './rules.ts';
import { toolsOrReason } from './tools.ts';

const alerts = readAlerts();
const names = alerts.map(({ alert }) => alert);
const tools = await toolsOrReason();
if (typeof tools === 'string') console.warn(`promtool is not asked: ${tools}`);

test.skipIf(typeof tools === 'string').each([
  ['check', rulesFile],
  ['test', rulesTestFile],
])('promtool %s rules', async (verb, file) => {
  if (typeof tools === 'string') return;
  const args = [verb, 'rules', join(projectRoot, file)];
  expect(await run({ file: tools.promtool, args })).toMatchObject({ code: 0 });
});

test.skipIf(typeof tools === 'string')('promtool takes the configuration of compose', async () => {
  if (typeof tools === 'string') return;
  const file = join(projectRoot, 'deploy', 'monitoring', 'prometheus.yml');
  // The rules lie elsewhere in the container.
  const args = ['check', 'config', '--syntax-only', file];
  expect(await run({ file: tools.promtool, args })).toMatchObject({ code: 0 });
});

test('each alert is tested firing and quiet', () => {
  const schema = z.object({
    tests: z.array(
      z.object({
        alert_rule_test: z.array(
          z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()).default([]) }),
        ),
      }),
    ),
  });
  const tested = schema
    .parse(documentsOf(read(rulesTestFile))[0])
    .tests.flatMap(({ alert_rule_test }) => alert_rule_test)
    .map(({ alertname, exp_alerts }) => `${alertname} ${exp_alerts.length > 0 ? 'firing' : 'quiet'}`);
  expect([...new Set(tested)].toSorted()).toEqual(
    names.flatMap((name) => [`${name} firing`, `${name} quiet`]).toSorted(),
  );
});

test('each alert has a section of the runbook, each section an alert', () => {
  const [, runbook = ''] = read('docs/monitoring.md').split(/^## Runbook$/m);
  const sections = runbook.split(/^### /m).slice(1);
  expect(sections.map((section) => section.split('\n')[0])).toEqual(names);
  for (const section of sections) {
    const parts = Array.from(section.matchAll(/^\*\*([^*]+)\*\*/gm), ([, part]) => part);
    expect(parts).toEqual(['Means.', 'Noticed.', 'Look.', 'Mend.', 'Do not.']);
  }
  for (const { alert, annotations } of alerts) {
    expect(annotations.runbook_url).toBe(`docs/monitoring.md#${alert.toLowerCase()}`);
  }
});

test('the commands of the runbook are there', () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(read('package.json')));
  const named = Array.from(
    read('docs/monitoring.md').matchAll(/npm run ([\w:-]+)/g),
    ([, name = '']) => name,
  );
  expect(named.length).toBeGreaterThan(5);
  for (const name of named) expect(scripts).toHaveProperty([name]);
});
