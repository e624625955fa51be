// The whole pipeline for a test: on free ports, quiet, with data that goes when it stops.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '@activity/testbed/process/problem';
import type { Ports } from '@activity/local/parts/services';
import { startPipeline, type Pipeline, type PipelineOptions } from '@activity/local/pipeline/pipeline';
import { freePorts } from '@activity/local/testing/free-ports';

/** What a test may say of its pipeline. */
export type QuietOptions = Pick<PipelineOptions, 'ports' | 'dataDir'> &
  Partial<Pick<PipelineOptions, 'secure' | 'rebuild' | 'report'>>;

/** Starts a pipeline, and prints nothing but why a part failed. */
export async function startQuietly(options: QuietOptions): Promise<Pipeline> {
  try {
    return await startPipeline({
      report: () => undefined,
      ...options,
      failed: (problem) => console.error(problem),
      signal: new AbortController().signal,
    });
  } catch (error) {
    // The end of the part's log, which goes with the data.
    if (error instanceof Problem) console.error(error.detail);
    throw error;
  }
}

/** The process of a part. @throws Error where it does not run */
export function pidOf(pipeline: Pipeline, part: string): number {
  const pid = pipeline.parts.find(({ name }) => name === part)?.pid;
  if (pid === undefined) throw new Error(`${part} does not run`);
  return pid;
}

/** A pipeline of a test's own, while it runs. */
export interface Stack {
  ports: Ports;
  dataDir: string;
  pipeline: Pipeline;
  /** As {@link pidOf}. */
  pid(part: string): number;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** Starts one, whose data folder is called after `name`. */
export async function startStack(
  name: string,
  { secure = false }: { secure?: boolean } = {},
): Promise<Stack> {
  const dataDir = mkdtempSync(join(tmpdir(), `activity-${name}-`));
  const ports = await freePorts();
  const pipeline = await startQuietly({ ports, dataDir, secure });
  return {
    ports,
    dataDir,
    pipeline,
    pid: (part) => pidOf(pipeline, part),
    async stop() {
      await pipeline.stop();
      rmSync(dataDir, { recursive: true });
    },
  };
}
