// What the other parts of the pipeline say of themselves, over HTTP.
import {
  erasureState,
  firstCopyAnswer,
  foundEvent,
  stageReport,
  type ErasureState,
  type FoundEvent,
  type StageReport,
} from '@activity/contracts';
import { z } from 'zod';

const readiness = z.object({ status: z.string(), reason: z.string().optional() });

/**
 * The first copy of an event, as the processor remembers it: its offset in the raw topic; or that its user
 * was erased, by which command.
 */
export type FirstCopy = { offset: number } | { erasedBy: number };

/** One instance of the processor. Where it is, is nobody's business. */
export interface ProcessorState {
  state: 'ready' | 'not-ready' | 'unreachable';
  reason?: string;
}

/** Asks the other parts. Each question has a time limit; what does not answer is undefined. */
export interface Stages {
  report: () => Promise<StageReport | undefined>;
  processors: () => Promise<ProcessorState[]>;
  /**
   * An erasure that has no receipt yet; null where no erasure has this number, undefined where the supervisor
   * does not answer.
   */
  erasure: (id: number) => Promise<ErasureState | null | undefined>;
  findInKafka: (event: { userId: string; eventId: string }) => Promise<FoundEvent | undefined>;
  /**
   * The first copy that the processor's dedupe store remembers; `forgotten` where it knows none, undefined
   * where an instance that might does not answer.
   */
  firstCopy: (event: { userId: string; eventId: string }) => Promise<FirstCopy | 'forgotten' | undefined>;
}

/** Where the other parts are. */
export interface StagesOptions {
  supervisorUrl: string;
  processorUrls: readonly string[];
  /** What they are asked with. */
  apiKey?: string | undefined;
  /** Called when a part refuses the key, once until that part takes one. */
  onRefused?: (url: string, status: number) => void;
  fetch?: typeof fetch;
  timeoutMs?: number;
}

/** Makes what asks. */
export function createStages(options: StagesOptions): Stages {
  const { supervisorUrl, processorUrls, apiKey, onRefused, timeoutMs = 2_000 } = options;
  const request = options.fetch ?? fetch;
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const refusedBy = new Set<string>();

  async function get(url: string, within: number): Promise<Response> {
    const response = await request(url, { headers, signal: AbortSignal.timeout(within), redirect: 'error' });
    const { origin } = new URL(url);
    if (response.status !== 401 && response.status !== 403) refusedBy.delete(origin);
    else if (!refusedBy.has(origin)) {
      refusedBy.add(origin);
      onRefused?.(origin, response.status);
    }
    return response;
  }

  async function ask<T>(
    url: string,
    schema: z.ZodType<T>,
    within: number = timeoutMs,
  ): Promise<T | undefined> {
    try {
      const response = await get(url, within);
      const body: unknown = await response.json();
      return response.ok ? schema.parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  return {
    report: async () => ask(`${supervisorUrl}/stages`, stageReport),
    processors: async () =>
      Promise.all(
        processorUrls.map(async (url): Promise<ProcessorState> => {
          try {
            const response = await request(`${url}/readyz`, { signal: AbortSignal.timeout(timeoutMs) });
            const { reason } = readiness.parse(await response.json());
            return { state: response.ok ? 'ready' : 'not-ready', ...(reason !== undefined && { reason }) };
          } catch {
            return { state: 'unreachable' };
          }
        }),
      ),
    async erasure(id) {
      try {
        const response = await get(`${supervisorUrl}/erasure?id=${id}`, 5_000);
        if (response.status === 404) return null;
        return response.ok ? erasureState.parse(await response.json()) : undefined;
      } catch {
        return undefined;
      }
    },
    findInKafka: async (event) => ask(`${supervisorUrl}/event?${query(event)}`, foundEvent, 5_000),
    async firstCopy(event) {
      const answers = await Promise.all(
        processorUrls.map(async (url) => ask(`${url}/dedupe?${query(event)}`, firstCopyAnswer)),
      );
      const known = answers.find((answer) => answer?.known === true);
      if (known?.offset !== undefined) return { offset: known.offset };
      const erasedBy = answers.find((answer) => answer?.erasedBy !== undefined)?.erasedBy;
      if (erasedBy !== undefined) return { erasedBy };
      return answers.includes(undefined) ? undefined : 'forgotten';
    },
  };
}

function query(event: { userId: string; eventId: string }): string {
  return new URLSearchParams(event).toString();
}
