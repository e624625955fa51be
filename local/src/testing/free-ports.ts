// Free ports for a whole pipeline.
import type { Ports } from '../parts/services.ts';
import { freePort } from '@activity/testbed/process/ports';

/** A free port for each part. */
export async function freePorts(): Promise<Ports> {
  return {
    ingest: await freePort(),
    query: await freePort(),
    processor: await freePort(),
    connect: await freePort(),
    kafka: await freePort(),
    kafkaConnect: await freePort(),
    mongodb: await freePort(),
  };
}
