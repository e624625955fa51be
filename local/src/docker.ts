// `npm start -- --docker`: the whole pipeline in containers, by docker-compose.yml.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Config } from './config.ts';
import { projectRoot } from '@activity/testbed/paths';
import { Problem } from '@activity/testbed/process/problem';
import { run } from '@activity/testbed/process/run';

function addresses({ INGEST_PORT: edge, QUERY_PORT: query }: Ports): string {
  return `
  post events   http://127.0.0.1:${edge}/api/logs
  read them     http://127.0.0.1:${query}/api/logs
  watch them    http://127.0.0.1:${edge}/

It goes on in the background. See what runs: docker compose ps. Stop it: docker compose down (with --volumes its data goes too).`;
}

type Ports = Pick<Config, 'INGEST_PORT' | 'QUERY_PORT'>;

/**
 * Builds the images and starts the containers; resolves when all are healthy. They go on by themselves.
 *
 * @throws Problem where Docker or its compose plug-in is missing, or a container does not become healthy.
 */
export async function startContainers(ports: Ports): Promise<void> {
  const version = await run({ file: 'docker', args: ['compose', 'version'] }).catch(() => undefined);
  if (version?.code !== 0)
    throw new Problem(
      'docker compose is missing: install Docker with its compose plug-in, or run npm start, which needs neither',
    );
  const child = spawn('docker', ['compose', 'up', '--build', '--detach', '--wait'], {
    cwd: projectRoot,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  if (code !== 0)
    throw new Problem('the containers did not all become healthy: docker compose logs says why');
  console.log(addresses(ports));
}
