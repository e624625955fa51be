// From the configuration to the application: its topology, and what that is told.
import { accessSync, constants } from 'node:fs';
import { topicsOf } from '@activity/contracts';
import type { SharedTypesOptions } from '@activity/catalogue/shared';
import { kafkaSecurityOf, tracingOf, type Logger } from '@activity/service';
import type { ResetOptions, TopologyModule } from '@activity/streams';
import type { Config } from './config.ts';
import type { ActivityOptions } from './topologies/activity.ts';
import type { TracedOptions } from './topologies/traced-activity.ts';

/** What the application is given beside the configuration. */
export interface Given {
  /** See {@link readableDatabase}. */
  geoDatabase?: string | undefined;
  /** The catalogue of types; absent: it is empty. */
  types?: SharedTypesOptions | undefined;
}

/** The application, however it is used: its id, its topology, and where Kafka is. */
export function applicationOf(
  config: Config,
  given: Given,
): Required<Pick<ResetOptions, 'applicationId' | 'brokers' | 'security' | 'topology'>> {
  return {
    applicationId: config.KAFKA_GROUP_ID,
    topology: topologyOf(config, given),
    brokers: config.KAFKA_BROKERS,
    security: kafkaSecurityOf(config),
  };
}

/** As a module, which every thread loads for itself. */
function topologyOf(config: Config, given: Given): TopologyModule {
  const options = topologyOptions(config, given);
  const tracing = tracingOf(config, 'processor');
  if (tracing === undefined) return { url: new URL('topologies/activity.ts', import.meta.url), options };
  const traced: TracedOptions = { ...options, tracing, logLevel: config.LOG_LEVEL };
  return { url: new URL('topologies/traced-activity.ts', import.meta.url), options: traced };
}

function topologyOptions(config: Config, { geoDatabase, types }: Given): ActivityOptions {
  return {
    topics: topicsOf(config),
    dedupeMs: config.DEDUPE_HOURS * 3_600_000,
    graceMs: config.GRACE_MINUTES * 60_000,
    countStateMs: config.COUNT_STATE_HOURS * 3_600_000,
    activityTypes: config.ACTIVITY_TYPES,
    unknownTypes: config.UNKNOWN_TYPES,
    types,
    maxBytes: config.MAX_RECORD_BYTES,
    suppressErased: config.SUPPRESS_ERASED,
    off: config.ENRICH_OFF,
    geoDatabase,
    cloudEventsSource: config.CLOUDEVENTS_SOURCE,
    countTypes: true,
    retention: { days: config.LOG_RETENTION_DAYS, daysByType: config.LOG_RETENTION_BY_TYPE },
    privacy: {
      ip: config.PRIVACY_IP,
      dropFields: config.PRIVACY_DROP,
      hashFields: config.PRIVACY_HASH,
      hashKey: config.PRIVACY_HASH_KEY ?? '',
    },
  };
}

/** The path of the database of places; undefined where it cannot be read, which is logged. */
export function readableDatabase(path: string | undefined, logger: Logger): string | undefined {
  if (path === undefined) return undefined;
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch {
    logger.warn({ path }, 'GEO_DATABASE cannot be read: logs get no country and city');
    return undefined;
  }
}
