// The steps of the workflow that publishes, as npm's dry run, in a copy of the project.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectRoot } from '@activity/testbed/paths';

const copy = mkdtempSync(join(tmpdir(), 'publish-'));

const workflow = z
  .object({
    jobs: z.object({
      publish: z.object({
        needs: z.literal('ci'),
        permissions: z.object({ 'id-token': z.literal('write') }),
        steps: z.array(z.object({ run: z.string().optional() })),
      }),
    }),
  })
  .parse(parse(readFileSync(join(projectRoot, '.github', 'workflows', 'publish.yml'), 'utf8')));

beforeAll(() => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
    encoding: 'utf8',
  });
  const needed =
    /^([^/]+$|local\/bootstrap|deploy\/src\/release|packages\/(kafka|streams|create-streams-app)\/)/;
  for (const file of files.split('\n').filter((name) => needed.test(name))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(projectRoot, file), join(copy, file));
  }
  mkdirSync(join(copy, 'local', 'src'));
  symlinkSync(join(projectRoot, 'node_modules'), join(copy, 'node_modules'));
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Runs the workflow's own steps, all but the installation, with npm's dry run. */
function publish(): { status: number | null; output: string } {
  const commands = workflow.jobs.publish.steps.flatMap(({ run }) => (run && run !== 'npm ci' ? [run] : []));
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', commands.join('\n')], {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, GITHUB_REF_NAME: 'v0.1.0', npm_config_dry_run: 'true' },
  });
  return { status, output: stdout + stderr };
}

test('while the repository has no address, nothing is published', () => {
  const { status, output } = publish();
  expect(output).toContain(
    'Nothing was published:\n- the repository has no address: set publishing.repository',
  );
  expect(status).toBe(1);
});

test('with an address, each package is published by its public name, after those that it needs', () => {
  const file = join(copy, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as object;
  const repository = 'https://github.com/owner/name';
  const names = { kafka: '@new/wire', streams: '@new/streams', 'create-streams-app': '@new/create-app' };
  writeFileSync(file, JSON.stringify({ ...manifest, publishing: { repository, names } }));
  const { status, output } = publish();
  expect(output.match(/^\+ \S+$/gm)).toEqual([
    '+ @new/wire@0.1.0',
    '+ @new/streams@0.1.0',
    '+ @new/create-app@0.1.0',
  ]);
  expect(status).toBe(0);
  const staged = (path: string): string => readFileSync(join(copy, '.cache/release/packages', path), 'utf8');
  expect(staged('streams/dist/index.js')).toMatch(/from ["']@new\/wire["']/);
  expect(staged('streams/dist/index.js')).not.toContain('@activity/');
  expect(JSON.parse(staged('streams/package.json'))).toMatchObject({
    dependencies: { '@new/wire': '0.1.0' },
    bugs: { url: `${repository}/issues` },
  });
  expect(staged('create-streams-app/template/_package.json')).toContain('"@new/streams": "^app-version"');
});
