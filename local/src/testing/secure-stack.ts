// A secure stack of a test's own, on free ports and a temporary data folder.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ports } from '../parts/services.ts';
import { startPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import type { Security } from '../secure/security.ts';
import { freePorts } from './free-ports.ts';

/** The stack, while it runs. */
export interface SecureStack {
  ports: Ports;
  security: Security;
  pipeline: Pipeline;
  /** What a part has logged so far. */
  log(part: string): string;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** Starts it; `failed` parts are said on standard error. */
export async function startSecureStack(): Promise<SecureStack> {
  const dataDir = mkdtempSync(join(tmpdir(), 'activity-secure-'));
  const ports = await freePorts();
  const { signal } = new AbortController();
  const pipeline = await startPipeline({
    ports,
    dataDir,
    secure: true,
    report: () => undefined,
    failed: (problem) => console.error(problem.message),
    signal,
  });
  const { security } = pipeline;
  if (!security) throw new Error('the stack is not secure');
  return {
    ports,
    security,
    pipeline,
    log: (part) => readFileSync(join(dataDir, 'logs', `${part}.log`), 'utf8'),
    async stop() {
      await pipeline.stop();
      rmSync(dataDir, { recursive: true });
    },
  };
}
