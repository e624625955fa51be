// Prometheus and Grafana in compose find what they are to find.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { readCompose } from '../checks/compose-file.ts';
import { inherited, readDockerfile } from '../checks/dockerfile.ts';
import { documentsOf, read, targetOf } from '../checks/sources.ts';

const compose = readCompose();

function mountsOf(service: string): Map<string, string> {
  const volumes = compose.services[service]?.volumes ?? [];
  return new Map(volumes.map((volume) => [volume.split(':')[1] ?? '', volume.split(':')[0] ?? '']));
}

const prometheus = z
  .object({
    rule_files: z.array(z.string()),
    scrape_configs: z.array(
      z.strictObject({
        job_name: z.string(),
        dns_sd_configs: z.tuple([
          z.strictObject({
            names: z.tuple([z.string()]),
            type: z.literal('A'),
            port: z.number(),
            refresh_interval: z.string(),
          }),
        ]),
      }),
    ),
  })
  .parse(documentsOf(read('deploy/monitoring/prometheus.yml'))[0]);

test('Prometheus asks each service at the port that it listens on, as the job of its folder', () => {
  const dockerfile = readDockerfile();
  const jobs = prometheus.scrape_configs.map(({ job_name, dns_sd_configs: [{ names, port }] }) => ({
    job_name,
    image: targetOf(compose.services[names[0]]?.image ?? ''),
    port: [String(port)],
  }));
  const expected = ['ingest', 'processor', 'connect', 'query'].map((target) => ({
    job_name: target,
    image: target,
    port: inherited(dockerfile, target, 'EXPOSE'),
  }));
  expect(jobs).toEqual(expected);
});

test('Prometheus is given its configuration and the rules', () => {
  const mounts = mountsOf('prometheus');
  expect(mounts.get('/etc/prometheus/prometheus.yml')).toBe('./deploy/monitoring/prometheus.yml');
  expect(mounts.get('/etc/prometheus/rules')).toBe('./deploy/monitoring/rules');
  expect(prometheus.rule_files).toEqual(['/etc/prometheus/rules/pipeline.yml']);
  expect(compose.services['prometheus']?.command).toContain('--config.file=/etc/prometheus/prometheus.yml');
});

test('Grafana is given the data source and the dashboards', () => {
  const mounts = mountsOf('grafana');
  const provisioning = './deploy/monitoring/grafana/provisioning';
  expect(mounts.get('/etc/grafana/provisioning')).toBe(provisioning);
  const sources = z
    .object({ datasources: z.tuple([z.looseObject({ type: z.literal('prometheus'), url: z.string() })]) })
    .parse(documentsOf(read(`${provisioning}/datasources/prometheus.yml`))[0]);
  expect(sources.datasources[0].url).toBe('http://prometheus:9090');
  const { providers } = z
    .object({ providers: z.tuple([z.looseObject({ options: z.object({ path: z.string() }) })]) })
    .parse(documentsOf(read(`${provisioning}/dashboards/pipeline.yml`))[0]);
  expect(mounts.get(providers[0].options.path)).toBe('./deploy/monitoring/grafana/dashboards');
});
