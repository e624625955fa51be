// `npm run prometheus`: the machine's Prometheus beside `npm start`, until Ctrl-C.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { readArguments, runTool } from '@activity/service';
import { z } from 'zod';
import { readConfig } from '@activity/local/config';
import { caOf } from '@activity/local/secure/security';
import { prepare } from './local-prometheus.ts';
import { findTools } from './tools.ts';

const { values } = readArguments({
  usage: `npm run prometheus -- [--port PORT]

Runs this machine's Prometheus beside npm start, with the project's alerts, until Ctrl-C.

--port PORT   where its page is; 9090 unless given`,
  options: { port: { type: 'string', default: '9090' } },
});

async function main(): Promise<void> {
  const { data: port } = z.coerce.number().int().min(1).max(65_535).safeParse(values.port);
  if (port === undefined) throw new Error(`--port ${values.port}: must be a port, 1 to 65535`);
  const config = readConfig();
  const { prometheus } = await findTools();
  const args = prepare({
    port,
    dir: join(config.DATA_DIR, 'prometheus'),
    targets: {
      ingest: config.INGEST_PORT,
      processor: config.PROCESSOR_METRICS_PORT,
      connect: config.CONNECT_SUPERVISOR_PORT,
      query: config.QUERY_PORT,
    },
    ca: caOf(config.DATA_DIR),
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

await runTool(main);
