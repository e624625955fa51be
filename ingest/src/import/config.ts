// What the importer reads from the environment: of the edge's variables those that its writes need.
import {
  checkKafkaSecurity,
  integer,
  loadConfig,
  toolEnvironment,
  type Environment,
} from '@activity/service';
import type { z } from 'zod';
import { configSchema } from '../config.ts';

const importSchema = configSchema
  .pick({
    KAFKA_BROKERS: true,
    KAFKA_TLS: true,
    KAFKA_TLS_CA: true,
    KAFKA_SASL_USERNAME: true,
    KAFKA_SASL_PASSWORD: true,
    KAFKA_SASL_MECHANISM: true,
    KAFKA_TOPIC: true,
    KAFKA_COMPRESSION: true,
    KAFKA_TYPES_TOPIC: true,
    ACTIVITY_TYPES: true,
    UNKNOWN_TYPES: true,
    MIN_EVENT_YEAR: true,
    MAX_EVENT_BYTES: true,
    LOG_LEVEL: true,
  })
  .extend({
    DEDUPE_HOURS: integer(24, 1, 24 * 30).describe(
      'How long the processor remembers event ids, in hours from the arrival of the first copy',
    ),
  });

/** The importer's configuration. */
export type ImportConfig = z.output<typeof importSchema>;

/** Reads the configuration, or ends the process with all that is wrong with it. */
export function readImportConfig(environment: Environment = toolEnvironment()): ImportConfig {
  return loadConfig(importSchema.superRefine(checkKafkaSecurity), environment);
}
