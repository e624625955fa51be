// kube-score: the machine's own, or made from its source by Go, once, into the cache.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import { fetchOnce } from '@activity/testbed/fetch/once';
import { cacheDir } from '@activity/testbed/paths';
import { run } from '@activity/testbed/process/run';

const version = 'v1.20.0';

/** Where kube-score is, or why there is none. */
export async function findKubeScore(): Promise<{ file: string } | { reason: string }> {
  const installed = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'kube-score'));
  const found = installed.find((file) => existsSync(file));
  if (found !== undefined) return { file: found };
  const folder = join(cacheDir, `kube-score-${version}`);
  try {
    await fetchOnce(folder, async (target) => {
      const args = ['install', `github.com/zegl/kube-score/cmd/kube-score@${version}`];
      const { code, output } = await run({ file: 'go', args, env: { GOBIN: target } });
      if (code !== 0) throw new Error(output.trim().split('\n').at(-1) ?? '');
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { reason: `kube-score is not installed and cannot be made: ${why}` };
  }
  return { file: join(folder, 'kube-score') };
}

const report = z.array(
  z.object({
    type_meta: z.object({ kind: z.string() }),
    object_meta: z.object({ name: z.string() }),
    checks: z.array(
      z.object({ check: z.object({ id: z.string() }), grade: z.number(), skipped: z.boolean() }),
    ),
  }),
);
const fine = 10;

/** What kube-score finds: for each of its checks, the objects that fail it. */
export function findings(
  kubeScore: string,
  file: string,
  ignored: readonly string[],
): Record<string, string[]> {
  const ignore = ignored.flatMap((check) => ['--ignore-test', check]);
  const args = ['score', '--ignore-container-cpu-limit', ...ignore, '--output-format', 'json', file];
  const { stdout, stderr, error } = spawnSync(kubeScore, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (error !== undefined || stdout === '') throw new Error(`kube-score: ${error?.message ?? stderr}`);
  const found: Record<string, string[]> = {};
  for (const { type_meta: type, object_meta: object, checks } of report.parse(JSON.parse(stdout)))
    for (const { check, grade, skipped } of checks)
      if (!skipped && grade < fine) (found[check.id] ??= []).push(`${type.kind} ${object.name}`);
  for (const objects of Object.values(found)) objects.sort((a, b) => a.localeCompare(b));
  return found;
}
