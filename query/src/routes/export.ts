// GET /api/logs/export: many logs in one answer.
import { validationError } from '@activity/service';
import { z } from 'zod';
import { wholeNumber } from '../http/parameters.ts';
import { failed, route } from '../http/route.ts';
import type { NodeBindings, Route } from '../http/route.ts';
import { exportLogs } from '../logs/export.ts';
import { filterShape } from '../logs/filter.ts';
import type { LogStore } from '../logs/log-store.ts';
import { orderParameter } from './logs.ts';

/** What the route needs. */
export interface ExportDeps {
  store: LogStore;
  activityTypes: readonly string[];
  now: () => number;
  /** Aborted when the service ends: an export is cut off then, rather than waited for. */
  ending: AbortSignal;
  /** Exports at one time. */
  maxExports: number;
}

const maxExport = 10_000_000;

/** The route of exports. */
export function exportRoute({ store, activityTypes, now, ending, maxExports }: ExportDeps): Route {
  let open = 0;
  return route({
    method: 'GET',
    path: '/api/logs/export',
    scope: 'read',
    summary: 'Export logs',
    description:
      'All logs that the filters let through, as NDJSON (each as `/api/logs/:id` gives it) or CSV, streamed. An answer that is cut off ends without its last chunk, so that clients see it. In CSV, what a spreadsheet would take for a formula begins with an apostrophe.',
    query: z.object({
      format: z.enum(['ndjson', 'csv'], 'must be ndjson or csv').default('ndjson').describe('The form'),
      limit: wholeNumber(maxExport)
        .default(maxExport)
        .describe(`The most logs, at most ${maxExport.toLocaleString('en')}`),
      sort: orderParameter,
      ...filterShape(activityTypes),
    }),
    answers: {
      200: {
        description: 'The logs.',
        mediaType: 'application/x-ndjson',
        otherMediaTypes: ['text/csv'],
        headers: { 'Content-Disposition': 'A file name' },
      },
      400: { description: 'A parameter is wrong.', schema: validationError },
    },
    handle: async ({ query: { format, limit, sort: order = 'newest', ...filter }, context }) => {
      const name = `activity-${new Date(now()).toISOString().slice(0, 10)}.${format}`;
      const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
      const headers = { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` };
      // A stream that nobody reads must not be opened.
      if (context.req.method === 'HEAD') return new Response(null, { headers });
      if (open >= maxExports) {
        const message = `${maxExports} exports are under way already`;
        return failed({ kind: 'unavailable', message, retryAfterSeconds: 5 });
      }
      const { outgoing } = (context.env ?? {}) as NodeBindings;
      const cut = (): void => void outgoing?.destroy();
      const end = once(() => {
        open--;
        ending.removeEventListener('abort', cut);
      });
      open++;
      try {
        const slices = exportLogs(store, { filter, order, format, limit });
        // The first slice is read before the answer begins, so that a failure has a status.
        const first = await slices.next();
        ending.addEventListener('abort', cut, { once: true });
        if (outgoing?.closed === true) end();
        else outgoing?.once('close', end);
        return new Response(streamOf(first, slices, end), { headers });
      } catch (error) {
        end();
        throw error;
      }
    },
  });
}

/**
 * A stream of texts that is read no faster than it is taken; `end` is called when it ends, however that is.
 */
function streamOf(
  first: IteratorResult<string, void>,
  slices: AsyncGenerator<string, void, undefined>,
  end: () => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<string, void>> = Promise.resolve(first);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const slice = await next.catch((error: unknown) => {
          end();
          throw error;
        });
        if (slice.done) {
          end();
          return controller.close();
        }
        controller.enqueue(encoder.encode(slice.value));
        next = slices.next();
        // It is looked at by the next pull.
        next.catch(() => {});
      },
      async cancel() {
        end();
        await slices.return();
      },
    },
    { highWaterMark: 0 },
  );
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
