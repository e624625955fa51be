// `npm run prometheus`: the machine's Prometheus beside `npm start`, until Ctrl-C.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readConfig } from '../../../local/src/config.ts';
import { prepare } from './local-prometheus.ts';
import { findTools } from './tools.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '9090' } } });
const port = z.coerce.number().int().min(1).max(65_535).parse(values.port);

async function main(): Promise<void> {
  const config = readConfig();
  const { prometheus } = await findTools();
  const args = prepare({
    port,
    dir: join(config.DATA_DIR, 'prometheus'),
    targets: {
      ingest: config.INGEST_PORT,
      processor: config.PROCESSOR_METRICS_PORT,
      supervisor: config.CONNECT_SUPERVISOR_PORT,
      query: config.QUERY_PORT,
    },
    everySeconds: 5,
  });
  console.log(`Prometheus: http://127.0.0.1:${port} (alerts: http://127.0.0.1:${port}/alerts)`);
  const child = spawn(prometheus, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    console.error(`${prometheus} cannot be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
  });
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
