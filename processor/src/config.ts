// Every variable that the processor reads.
import { activityTypeVariables, defaultApplicationId, topicVariables } from '@activity/contracts';
import {
  checkKafkaSecurity,
  checkTls,
  compression,
  hostList,
  integer,
  kafkaSecurityVariables,
  keyVariables,
  loadConfig,
  logLevel,
  nodeEnv,
  portNumber,
  textList,
  tlsVariables,
  tracingVariables,
} from '@activity/service';
import type { Environment } from '@activity/service';
import { z } from 'zod';
import { enrichments } from './steps/enrich/steps.ts';

/** Reads `TYPE=DAYS`. */
function daysByTypeOf(entries: readonly string[], context: z.RefinementCtx): Record<string, number> {
  const byType: [string, number][] = [];
  for (const entry of entries) {
    const [, type = '', days = ''] = /^(.+)=(\d{1,5})$/.exec(entry) ?? [];
    if (type !== '' && Number(days) <= 36_500) byType.push([type.trim(), Number(days)]);
    else
      context.addIssue({ code: 'custom', message: `${entry}: must be TYPE=DAYS, with at most 36500 days` });
  }
  return Object.fromEntries(byType);
}

/** The processor's variables. */
export const configSchema = z.object({
  ...topicVariables,
  ...activityTypeVariables,
  KAFKA_BROKERS: hostList('127.0.0.1:9092').describe('Kafka brokers, host:port, separated by commas'),
  ...kafkaSecurityVariables,
  KAFKA_COMPRESSION: compression('gzip').describe(
    'How what it writes to topics that others read is compressed; kafkajs reads gzip, and lz4 and zstd only with a codec',
  ),
  KAFKA_INTERNAL_COMPRESSION: compression('zstd').describe(
    'The same for its own topics: changelogs and repartition topics',
  ),
  KAFKA_GROUP_ID: z
    .string()
    .min(1)
    .default(defaultApplicationId)
    .describe('Application id: the consumer group, and the prefix of internal topics'),
  STATE_DIR: z.string().min(1).default('.data/processor').describe('Folder for local state'),
  INSTANCE_ID: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,200}$/)
    .optional()
    .describe('A name of this instance, the same after a restart; made and kept in STATE_DIR unless set'),
  PROCESSOR_THREADS: integer(1, 1, 64).describe(
    'Threads that share the partitions of this instance; give each a core of its own: on 2 cores shared with the broker a second one gains nothing, since one thread and the broker take both',
  ),
  DEDUPE_HOURS: integer(24, 1, 24 * 30).describe(
    'How long event ids are remembered, in hours from the arrival of the first copy',
  ),
  GRACE_MINUTES: integer(10, 0, 24 * 60).describe(
    'How late an event may come to the count of its minute, in minutes; its hour and its day count it however late it comes',
  ),
  COUNT_STATE_HOURS: integer(48, 1, 24 * 30).describe(
    'How long after their end the counts of hours and days are kept in state, in hours; what comes later is counted apart',
  ),
  MAX_RECORD_BYTES: integer(262_144, 1_024, 900_000).describe(
    'Largest raw record that is processed, in bytes; larger ones are dead-lettered',
  ),
  SUPPRESS_ERASED: z
    .stringbool()
    .default(false)
    .describe('Whether events that come of a user after their erasure are refused'),
  ENRICH_OFF: textList()
    .pipe(z.array(z.enum(enrichments)))
    .describe(`Enrichments to leave away, comma-separated: ${enrichments.join(', ')}`),
  GEO_DATABASE: z
    .string()
    .min(1)
    .optional()
    .describe('A MaxMind City or Country file (.mmdb); unset: no countries and cities'),
  LOG_RETENTION_DAYS: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number of days')
    .transform(Number)
    .pipe(z.number().min(1).max(36_500))
    .optional()
    .describe('How long logs are kept, in days from the time of the event; unset: for ever'),
  LOG_RETENTION_BY_TYPE: textList()
    .transform(daysByTypeOf)
    .describe(
      'The same for single types, as TYPE=DAYS, comma-separated; 0: for ever. Such as PAGE_VIEW=90,ERROR=30',
    ),
  PRIVACY_IP: z
    .enum(['keep', 'truncate', 'hash'])
    .default('keep')
    .describe('What happens to metadata.ip: keep, truncate (to /24 or /48) or hash'),
  PRIVACY_DROP: textList().describe('Fields of the metadata that are dropped, comma-separated'),
  PRIVACY_HASH: textList().describe(
    'Fields of the metadata that are replaced by a keyed hash, comma-separated',
  ),
  PRIVACY_HASH_KEY: z.string().min(16).optional().describe('The key of those hashes, 16 characters or more'),
  CLOUDEVENTS_SOURCE: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be a URI reference, such as /activity')
    .optional()
    .describe(
      'Gives records of the enriched topic the headers of CloudEvents’ Kafka binding; this is ce_source of events that came in another form. Unset: no such headers',
    ),
  COMMIT_INTERVAL_MS: integer(100, 1, 60_000).describe('Time between two commits, in milliseconds'),
  MAX_COMMIT_INTERVAL_MS: integer(5_000, 1, 60_000).describe(
    'The most of it while 1,000 raw records or more wait, one for half a second: a count that changes often is then written fewer times',
  ),
  METRICS_PORT: portNumber(3002).describe('Port of /metrics, /livez, /readyz and the page /topology'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  ...tlsVariables,
  API_KEYS_FILE: keyVariables.API_KEYS_FILE,
  ...tracingVariables,
  NODE_ENV: nodeEnv().describe('development, test or production'),
  LOG_LEVEL: logLevel().describe('Least level that is logged'),
});

/** The processor's configuration. */
export type Config = z.output<typeof configSchema>;

const checkedSchema = configSchema.refine(
  ({ PRIVACY_IP, PRIVACY_HASH, PRIVACY_HASH_KEY }) =>
    PRIVACY_HASH_KEY !== undefined || (PRIVACY_IP !== 'hash' && PRIVACY_HASH.length === 0),
  { path: ['PRIVACY_HASH_KEY'], error: 'must be set where something is hashed' },
);

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readConfig(environment: Environment = process.env): Config {
  return loadConfig(checkedSchema.superRefine(checkKafkaSecurity).superRefine(checkTls), environment);
}
