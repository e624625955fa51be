// GET /api/logs/export: many logs in one answer.
import { validationError } from '@activity/service';
import { z } from 'zod';
import { wholeNumber } from '../http/parameters.ts';
import { route } from '../http/route.ts';
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
}

const maxExport = 10_000_000;

/** The route of exports. */
export function exportRoute({ store, activityTypes, now, ending }: ExportDeps): Route {
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
      const slices = exportLogs(store, { filter, order, format, limit });
      // The first slice is read before the answer begins, so that a failure has a status.
      const first = await slices.next();
      const encoder = new TextEncoder();
      const { outgoing } = context.env as NodeBindings;
      const cut = (): void => outgoing?.destroy();
      if (!first.done) ending.addEventListener('abort', cut, { once: true });
      const stream = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            if (first.done) controller.close();
            else controller.enqueue(encoder.encode(first.value));
          },
          async pull(controller) {
            const next = await slices.next();
            if (next.done) {
              controller.close();
              ending.removeEventListener('abort', cut);
            } else controller.enqueue(encoder.encode(next.value));
          },
          async cancel() {
            ending.removeEventListener('abort', cut);
            await slices.return();
          },
        },
        { highWaterMark: 1 },
      );
      const name = `activity-${new Date(now()).toISOString().slice(0, 10)}.${format}`;
      const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
      return new Response(stream, {
        headers: { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` },
      });
    },
  });
}
