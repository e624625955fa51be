// GET /api/logs/export: many logs in one answer.
import { validationError } from '@activity/service';
import { z } from 'zod';
import { flag, refused, time, wholeNumber } from '../http/parameters.ts';
import type { TypeNames } from '../types/type-names.ts';
import { failed, route } from '../http/route.ts';
import type { NodeBindings, Route } from '../http/route.ts';
import type { CursorCodec } from '../logs/cursor.ts';
import { exportFormats, exportLogs, gzipped, listSlices } from '../logs/export.ts';
import type { ExportFormat, NextSlice } from '../logs/export.ts';
import { filterShape } from '../logs/filter.ts';
import type { LogFilter } from '../logs/filter.ts';
import type { LogStore } from '../logs/log-store.ts';
import { endOf, receivedSlices, type Final, type Received } from '../logs/received.ts';
import { orderParameter } from './logs.ts';

/** What the route needs. */
export interface ExportDeps {
  store: LogStore;
  types: TypeNames;
  now: () => number;
  /** Aborted when the service ends: an export is cut off then, rather than waited for. */
  ending: AbortSignal;
  /** Exports at one time. */
  maxExports: number;
  received: ReceivedDeps;
}

/** What exports of what was received since need. */
export interface ReceivedDeps {
  /** Up to where the logs are complete; undefined where that is not known. */
  final: () => Promise<Final | undefined>;
  /** See `offsetsAt`. */
  offsetsAt: (time: Date, partitions: number) => Promise<readonly number[]>;
  cursors: CursorCodec<Received>;
}

const maxExport = 10_000_000;
const fromStart = 'start';
const sinceProblem = 'must be start, a time, or the Export-Cursor of an answer';
const timeShape = time();

const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

/** The levels of gzip: for what is unpacked at once, and for files that are kept. */
const levels = { encoding: 1, file: 6 };

/** The route of exports. */
export function exportRoute({ store, types, now, ending, maxExports, received }: ExportDeps): Route {
  let open = 0;
  return route({
    method: 'GET',
    path: '/api/logs/export',
    scope: 'read',
    summary: 'Export logs',
    description:
      'All logs that the filters let through, as NDJSON (each as `/api/logs/:id` gives it), CSV or Parquet, streamed. An answer that is cut off ends without its last chunk, so that clients see it. ' +
      'In CSV, a text that a spreadsheet would take for a formula, or that begins with an apostrophe, has an apostrophe before it. ' +
      'With `since`, the logs are those that were received since: the answer names the cursor of the next export in `Export-Cursor`, and nothing that is stored later is missed.',
    query: z.object({
      format: z.enum(exportFormats, 'must be ndjson, csv or parquet').default('ndjson').describe('The form'),
      limit: wholeNumber(maxExport)
        .default(maxExport)
        .describe(
          `The most logs, at most ${maxExport.toLocaleString('en')}; with \`since\`, the most events that are looked at`,
        ),
      since: z
        .string()
        .max(65_536, sinceProblem)
        .optional()
        .describe(
          'Only what was received since: `start`, a time (logs of a minute before may be among them), or the `Export-Cursor` of the export before',
        ),
      gzip: flag().optional().describe('Whether the file is packed by gzip'),
      spreadsheet: flag()
        .optional()
        .describe(
          'Of CSV: with a mark of the byte order, and an apostrophe before what a spreadsheet would take for a number or round',
        ),
      sort: orderParameter,
      ...filterShape(types),
    }),
    answers: {
      200: {
        description: 'The logs.',
        mediaType: 'application/x-ndjson',
        otherMediaTypes: ['text/csv', 'application/vnd.apache.parquet', 'application/gzip'],
        headers: {
          'Content-Disposition': 'A file name',
          'Export-Cursor': 'With `since`: where the next export goes on',
          'Export-More': 'With `since`: `true` where there is more already',
          'Export-Complete-Until':
            'With `since`, and where there is no more: everything that the edge took before is exported',
        },
      },
      400: { description: 'A parameter is wrong.', schema: validationError },
    },
    handle: async ({ query, context }) => {
      const { format, limit, since, gzip = false, spreadsheet = false, sort, ...filter } = query;
      if (since !== undefined && sort !== undefined)
        throw refused('sort', 'has no meaning with since: logs come in the order of their receipt');
      const packs = gzip ? 'file' : packingOf(context.req.header('accept-encoding'), format);
      const name = `activity-${new Date(now()).toISOString().slice(0, 10)}.${format}${gzip ? '.gz' : ''}`;
      const headers: Record<string, string> = {
        'content-type': gzip ? 'application/gzip' : mediaTypes[format],
        'content-disposition': `attachment; filename="${name}"`,
        vary: 'accept-encoding',
        ...(packs === 'encoding' && { 'content-encoding': 'gzip' }),
      };
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
        const found =
          since === undefined
            ? { next: listSlices(store, filter, sort ?? 'newest'), headers: {} }
            : await slicesSince(since, limit, filter, store, received);
        if (found === undefined) {
          end();
          const message =
            'it is not known how far the logs are complete: the sink stores them again, or has not begun';
          return failed({ kind: 'unavailable', message, retryAfterSeconds: 5 });
        }
        const most = since === undefined ? limit : Number.MAX_SAFE_INTEGER;
        const pieces = exportLogs(found.next, { format, spreadsheet }, most);
        // The first slice is read before the answer begins, so that a failure has a status.
        const first = await pieces.next();
        ending.addEventListener('abort', cut, { once: true });
        if (outgoing?.closed === true) end();
        else outgoing?.once('close', end);
        const all = resumed(first, pieces);
        const stream = streamOf(packs === undefined ? all : gzipped(all, levels[packs]), end);
        return new Response(stream, { headers: { ...headers, ...found.headers } });
      } catch (error) {
        end();
        throw error;
      }
    },
  });
}

/** Whether a client takes gzip; Parquet is packed already. */
function packingOf(accepted: string | undefined, format: ExportFormat): 'encoding' | undefined {
  if (accepted === undefined || format === 'parquet') return undefined;
  const takes = accepted.split(',').some((one) => /^\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$).*)?$/i.test(one));
  return takes ? 'encoding' : undefined;
}

/**
 * What was received since, and what the answer says of it; undefined where it is not known how far the logs
 * are complete.
 * @throws FailureError where `since` is neither `start`, a time nor a cursor of this raw topic.
 */
async function slicesSince(
  since: string,
  limit: number,
  filter: LogFilter,
  store: LogStore,
  { final, offsetsAt, cursors }: ReceivedDeps,
): Promise<{ next: NextSlice; headers: Record<string, string> } | undefined> {
  // Before the logs are read: what is stored in between belongs to the next export.
  const complete = await final();
  if (complete === undefined) return undefined;
  const { topic, offsets, asOf } = complete;
  const at = timeShape.safeParse(since);
  const from = at.success
    ? await offsetsAt(at.data, offsets.length)
    : since === fromStart
      ? []
      : cursors.read(since);
  if (from === undefined) throw refused('since', sinceProblem);
  if ('topic' in from && from.topic !== topic)
    throw refused('since', 'is of another raw topic, which was replaced: export again from start');
  const begin = 'topic' in from ? from.offsets : from;
  const { to, more } = endOf(begin, offsets, limit);
  return {
    next: receivedSlices(store, filter, begin, to),
    headers: {
      'export-cursor': cursors.write({ topic, offsets: to }),
      'export-more': String(more),
      ...(!more && { 'export-complete-until': asOf.toISOString() }),
    },
  };
}

async function* resumed(
  first: IteratorResult<Buffer, void>,
  pieces: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (first.done !== true) yield first.value;
    yield* pieces;
  } finally {
    await pieces.return();
  }
}

/**
 * A stream of pieces that is read no faster than it is taken; `end` is called when it ends, however that is.
 */
function streamOf(
  pieces: AsyncGenerator<Buffer, void, undefined>,
  end: () => void,
): ReadableStream<Uint8Array> {
  let next = pieces.next();
  next.catch(() => {});
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await next.catch((error: unknown) => {
          end();
          throw error;
        });
        if (piece.done) {
          end();
          return controller.close();
        }
        controller.enqueue(piece.value);
        next = pieces.next();
        // It is looked at by the next pull.
        next.catch(() => {});
      },
      async cancel() {
        end();
        await pieces.return();
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
