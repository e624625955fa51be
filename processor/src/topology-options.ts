// From the configuration to what the topology is told.
import { accessSync, constants } from 'node:fs';
import { topicsOf } from '@activity/contracts';
import type { Logger } from '@activity/service';
import type { Config } from './config.ts';
import type { ActivityOptions } from './topologies/activity.ts';

/** The options; a database of places that cannot be read is said once, and done without. */
export function topologyOptions(config: Config, logger: Logger): ActivityOptions {
  return {
    topics: topicsOf(config),
    dedupeMs: config.DEDUPE_HOURS * 3_600_000,
    graceMs: config.GRACE_MINUTES * 60_000,
    activityTypes: config.ACTIVITY_TYPES,
    maxBytes: config.MAX_RECORD_BYTES,
    suppressErased: config.SUPPRESS_ERASED,
    off: config.ENRICH_OFF,
    geoDatabase: readable(config.GEO_DATABASE, logger),
    privacy: {
      ip: config.PRIVACY_IP,
      dropFields: config.PRIVACY_DROP,
      hashFields: config.PRIVACY_HASH,
      hashKey: config.PRIVACY_HASH_KEY ?? '',
    },
  };
}

function readable(path: string | undefined, logger: Logger): string | undefined {
  if (path === undefined) return undefined;
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch {
    logger.warn({ path }, 'GEO_DATABASE cannot be read: logs get no country and city');
    return undefined;
  }
}
