// How a test reaches the services of a pipeline: their URLs, and the operator's key where it is secure.
import { readFileSync } from 'node:fs';
import { originOf } from '@activity/local/parts/services';
import type { Pipeline } from '@activity/local/pipeline/pipeline';

/** The URLs, and the headers to send. */
export interface Reach {
  edge: string;
  query: string;
  processor: string;
  supervisor: string;
  headers: Record<string, string>;
}

/** Works it out. A secure pipeline has made its CA a trusted one of this process. */
export function reachOf({ ports, security }: Pick<Pipeline, 'ports' | 'security'>): Reach {
  const local = originOf(security);
  return {
    edge: `${local}:${ports.ingest}`,
    query: `${local}:${ports.query}`,
    processor: `${local}:${ports.processor}`,
    supervisor: `${local}:${ports.connect}`,
    headers: security ? { authorization: `Bearer ${readFileSync(security.keys.operatorFile, 'utf8')}` } : {},
  };
}
