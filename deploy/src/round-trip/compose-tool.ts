// Docker Compose: the plug-in that is installed, else its sources from Go's module proxy, built once.
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Shell } from './shell.ts';

const version = 'v2.40.3';
const moduleName = 'github.com/docker/compose/v2';

/**
 * The command that Compose is run by.
 *
 * @throws Error that says what to install.
 */
export async function findCompose(
  shell: Shell,
  folder: string,
  report: (line: string) => void,
): Promise<string[]> {
  if (await shell.succeeds('docker', 'compose', 'version')) return ['docker', 'compose'];
  const built = join(folder, `docker-compose-${version}`);
  if (!existsSync(built)) {
    if (!(await shell.succeeds('go', 'version'))) {
      throw new Error('Docker Compose is missing: install its plug-in (docker compose), or Go to build it');
    }
    report(`building Docker Compose ${version} from its sources, which takes some minutes`);
    mkdirSync(folder, { recursive: true });
    const quiet = shell.with({ GOFLAGS: '-modcacherw' });
    const answer = await quiet.run('go', 'mod', 'download', '-json', `${moduleName}@${version}`);
    const { Dir } = z.object({ Dir: z.string() }).parse(JSON.parse(answer.slice(answer.indexOf('{'))));
    const named = `-s -w -X ${moduleName}/internal.Version=${version}`;
    const output = ['-trimpath', '-ldflags', named, '-o', `${built}.partial`];
    await quiet.run('nice', '-n', '19', 'go', 'build', '-C', Dir, ...output, './cmd');
    renameSync(`${built}.partial`, built);
  }
  return [built];
}

/**
 * What has to be in the environment for `docker compose` to be that command: a folder of docker's
 * configuration, made for this run, with the plug-in.
 */
export function asPlugIn([file = '', ...first]: readonly string[], folder: string): Record<string, string> {
  if (first.length > 0) return {};
  const plugIns = join(folder, 'cli-plugins');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(plugIns, { recursive: true });
  symlinkSync(file, join(plugIns, 'docker-compose'));
  return { DOCKER_CONFIG: folder };
}
