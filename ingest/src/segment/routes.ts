// Segment's HTTP API: the routes that Segment's own clients call, and those of others that speak like them.
import { failureAnswer, plainError, validationError } from '@activity/service';
import type { DocumentedRoute } from '@activity/service';
import { z } from 'zod';
import type { EdgeRequest, PlainAnswer } from '../http/edge-request.ts';
import type { DirectRoute, Route } from '../http/route.ts';
import { Slots } from '../http/slots.ts';
import type { Publisher } from '../publish.ts';
import { maxKeyedBytes } from '../routes/post-log.ts';
import { queryKey } from '../routes/schemas.ts';
import { keyedBatch, keyedCall, maxCalls, readBatch, readCall } from './read-calls.ts';
import type { ReadCalls } from './read-calls.ts';
import type { SegmentCall } from './segment-event.ts';
import { sourceSettings } from './settings.ts';
import { takeCalls } from './take-calls.ts';

/** The most bytes of a request, unpacked: the clients send no more than 500 KB. */
const maxBodyBytes = 524_288;
/** The most bytes of the client's figures about itself. */
const maxFiguresBytes = 65_536;

/** How a body is read, and one that has been parsed already to find the key in it. */
interface Form {
  read: (bytes: Buffer) => ReadCalls | Promise<ReadCalls>;
  readKeyed: (keyed: Record<string, unknown>) => ReadCalls;
}

const oneCall: Form = { read: readCall, readKeyed: keyedCall };
const oneBatch: Form = { read: readBatch, readKeyed: keyedBatch };

/** The paths of each call: the long one, and the browser client's. */
const callPaths: Record<SegmentCall, readonly [string, string]> = {
  track: ['/v1/track', '/v1/t'],
  identify: ['/v1/identify', '/v1/i'],
  page: ['/v1/page', '/v1/p'],
  screen: ['/v1/screen', '/v1/s'],
  group: ['/v1/group', '/v1/g'],
  alias: ['/v1/alias', '/v1/a'],
};
const batchPaths = ['/v1/batch', '/v1/b', '/v1/import'];

const exampleCall = { userId: 'ada', messageId: 'm-1', event: 'BUTTON_CLICK', properties: { button: 'buy' } };

const callBody = z.looseObject({
  userId: z.string().nullish(),
  anonymousId: z.string().nullish().describe('The user, where there is no `userId`'),
  messageId: z.string().nullish().describe('The `eventId`: sent again with it, the call counts once'),
  event: z.string().optional().describe('For track: the activity type'),
  properties: z.looseObject({}).nullish(),
  traits: z.looseObject({}).nullish(),
  context: z.looseObject({}).nullish(),
  timestamp: z.union([z.string(), z.number()]).nullish(),
  sentAt: z.string().nullish().describe('By the client’s clock, whose error is taken out of `timestamp`'),
});

const taken = z.object({
  success: z.literal(true),
  deadLettered: z.number().int().optional().describe('How many calls went to the dead letters'),
  reasons: z.array(z.object({ index: z.number().int(), reason: z.string() })).optional(),
});

const answers = {
  200: { description: 'Each call is in Kafka, as an event or for the dead letters.', schema: taken },
  400: { description: 'The body is no JSON of this form.', schema: validationError },
  503: { description: 'Not every call is in Kafka: send all of them again.', schema: plainError },
};

/** One description for the paths of all calls, and one for those of batches. */
const documentedCall: DocumentedRoute = {
  method: 'POST',
  path: '/v1/:call',
  scope: 'ingest',
  summary: 'One call of Segment’s HTTP API',
  description:
    'Takes what clients of Segment and RudderStack send. A call that cannot be read goes to the dead letters with its reason, which the response names.',
  parameters: {
    call: {
      schema: z.enum(Object.keys(callPaths)),
      description: 'The browser client’s short paths, `/v1/t` for `/v1/track`, are taken too',
    },
  },
  query: queryKey,
  body: { 'application/json': { schema: callBody, example: exampleCall } },
  answers,
};
const documentedBatch: DocumentedRoute = {
  method: 'POST',
  path: '/v1/batch',
  scope: 'ingest',
  summary: `Up to ${maxCalls} calls of Segment’s HTTP API`,
  description:
    'The same as `/v1/b` and `/v1/import`. A call that cannot be read goes to the dead letters with its reason, and costs no other.',
  query: queryKey,
  body: {
    'application/json': {
      schema: z.looseObject({
        batch: z.array(z.looseObject({})).max(maxCalls).describe('Calls, each with its `type`'),
        sentAt: z.string().optional(),
        context: z.looseObject({}).optional().describe('For each of the calls, whose own wins'),
      }),
      example: { batch: [{ type: 'track', ...exampleCall }], sentAt: '2026-03-01T12:00:00.000Z' },
    },
  },
  answers,
};

/** The routes, and what the document says of them: most have more than one path. */
export interface SegmentRoutes {
  routes: Route[];
  documented: DocumentedRoute[];
}

/** Makes the routes. They share one slot, so that one request is parsed at a time. */
export function segmentRoutes(publisher: Publisher): SegmentRoutes {
  const parsing = new Slots(1);
  const take = takeCalls(publisher);

  /** Not a part of the handlers, which would hold the bytes while they wait for the broker. */
  async function readAndTake(
    request: EdgeRequest,
    { read, readKeyed }: Form,
    call: SegmentCall | undefined,
  ): Promise<{ answer: PlainAnswer | Promise<PlainAnswer> }> {
    const { keyed } = request;
    const bytes = keyed === undefined ? await request.body.read(maxBodyBytes) : undefined;
    return parsing.run(async () => {
      const found = bytes === undefined ? readKeyed(keyed ?? {}) : await read(bytes);
      if (!found.ok) {
        return {
          answer: failureAnswer(
            'tooMany' in found
              ? { kind: 'too-large', message: `a batch must not hold more than ${maxCalls} calls` }
              : { kind: 'validation', details: found.details },
          ),
        };
      }
      const limited = request.charge(Math.max(1, found.calls.length));
      if (limited !== undefined) {
        publisher.metrics.refused('limited', found.calls.length);
        return { answer: failureAnswer(limited) };
      }
      return take({ ...found, call }, request);
    });
  }

  function route(path: string, documented: DocumentedRoute, form: Form, call?: SegmentCall): DirectRoute {
    async function handle(request: EdgeRequest): Promise<PlainAnswer> {
      const { answer } = await readAndTake(request, form, call);
      request.body.release();
      return answer;
    }
    return { ...documented, method: 'POST', direct: true, path, keyInBody: maxKeyedBytes, handle };
  }

  const calls = Object.entries(callPaths).flatMap(([call, paths]) =>
    paths.map((path) => route(path, documentedCall, oneCall, call as SegmentCall)),
  );
  const batches = batchPaths.map((path) => route(path, documentedBatch, oneBatch));
  return {
    routes: [...calls, ...batches, settingsRoute, figuresRoute],
    documented: [documentedCall, documentedBatch, settingsRoute, figuresRoute],
  };
}

const settingsRoute: Route = {
  method: 'GET',
  path: '/v1/projects/:writeKey/settings',
  scope: undefined,
  charged: true,
  summary: 'Settings of Segment’s browser client',
  description: 'What `@segment/analytics-next` asks its `cdnURL` for: it is told to send to this edge.',
  parameters: { writeKey: { schema: z.string(), description: 'The key that the page sends with' } },
  answers: { 200: { description: 'The settings.', schema: z.looseObject({}) } },
  handle({ context, header }) {
    const { host, protocol } = new URL(context.req.url);
    const secure = (header('x-forwarded-proto') ?? protocol).startsWith('https');
    const body = sourceSettings(context.req.param('writeKey') ?? '', host, secure ? 'https' : 'http');
    return { status: 200, headers: { 'cache-control': 'private, max-age=60' }, body };
  },
};

const figuresRoute: DirectRoute = {
  method: 'POST',
  direct: true,
  path: '/v1/m',
  scope: undefined,
  charged: true,
  summary: 'Figures of Segment’s browser client about itself',
  description: 'Accepted and not kept.',
  answers: { 200: { description: 'Not kept.', schema: z.object({ success: z.literal(true) }) } },
  async handle({ body }) {
    await body.read(maxFiguresBytes);
    return { status: 200, body: '{"success":true}' };
  },
};
