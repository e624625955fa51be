// Prometheus beside a pipeline of this machine, with the project's own rules.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { projectRoot } from '../checks/sources.ts';
import { rulesFile } from './rules.ts';

/** Where the services show their metrics. */
export interface MetricsPorts {
  ingest: number;
  processor: number;
  /** The connect supervisor's. */
  connect: number;
  query: number;
}

/** What Prometheus is started with. */
export interface LocalPrometheus {
  /** Its own port, on loopback. */
  port: number;
  /** A folder for its configuration and data; made where it is missing. */
  dir: string;
  targets: MetricsPorts;
  /** The CA of the services' certificates, where they speak TLS. */
  ca?: string | undefined;
  /** Time between two scrapes, and between two looks at the rules. */
  everySeconds: number;
}

/** Its configuration: the same jobs as in compose. */
function configOf({ targets, everySeconds, ca }: LocalPrometheus): string {
  const jobs = {
    ingest: targets.ingest,
    processor: targets.processor,
    connect: targets.connect,
    query: targets.query,
  };
  return stringify({
    global: { scrape_interval: `${everySeconds}s`, evaluation_interval: `${everySeconds}s` },
    rule_files: [join(projectRoot, rulesFile)],
    scrape_configs: Object.entries(jobs).map(([job_name, port]) => ({
      job_name,
      ...(ca !== undefined && { scheme: 'https', tls_config: { ca_file: ca } }),
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    })),
  });
}

/** Writes its configuration, and returns the arguments to start it with. */
export function prepare(local: LocalPrometheus): string[] {
  mkdirSync(local.dir, { recursive: true });
  const file = join(local.dir, 'prometheus.yml');
  writeFileSync(file, configOf(local));
  return [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(local.dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${local.port}`,
    '--log.level=warn',
  ];
}
