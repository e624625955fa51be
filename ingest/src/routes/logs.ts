// POST /api/logs: one event, acknowledged when the broker has acknowledged it.
import type { ActivityEvent } from '@activity/contracts';
import { failureResponse } from '@activity/service';
import type { Failure } from '@activity/service';
import { Hono } from 'hono';
import type { WriteResult } from '../kafka/partition-lane.ts';
import type { BatchRecord } from '../kafka/record-batch.ts';
import { parseEvent, parseJson } from '../parse-event.ts';
import { readBody } from '../read-body.ts';

/** What the routes of logs need. */
export interface LogRoutesDeps {
  write: (record: BatchRecord, partition?: number) => Promise<WriteResult>;
  now: () => number;
  newId: (now: number) => string;
  maxEventBytes: number;
}

/** The routes that take events. */
export function logRoutes(deps: LogRoutesDeps): Hono {
  const app = new Hono();
  app.post('/api/logs', async (c) => {
    const body = parseJson(await readBody(c.req.raw, deps.maxEventBytes));
    if (!body.ok) return failureResponse({ kind: 'validation', details: body.details });
    const event = parseEvent(body.value, { now: deps.now(), newId: deps.newId });
    if (!event.ok) return failureResponse({ kind: 'validation', details: event.details });
    const result = await deps.write(recordOf(event.value));
    const failure = failureOfWrite(result, event.value.eventId);
    if (failure !== undefined) return failureResponse(failure);
    return c.json(
      { success: true, message: 'Activity log published successfully', eventId: event.value.eventId },
      201,
    );
  });
  return app;
}

/** The raw record of an event. Its time is when the edge received it; the event's own time is in the value. */
export function recordOf(event: ActivityEvent): BatchRecord {
  return {
    key: Buffer.from(event.userId),
    value: Buffer.from(JSON.stringify(event)),
    timestamp: Date.parse(event.receivedAt),
  };
}

/** The failure that a write's result is for the client; undefined where it was written. */
function failureOfWrite(result: WriteResult, eventId: string): Failure | undefined {
  switch (result.kind) {
    case 'written':
      return undefined;
    case 'too-large':
      return { kind: 'too-large', message: 'the broker does not take an event of this size' };
    case 'no-partition':
      return { kind: 'internal', message: 'the event has no partition' };
    case 'unavailable':
      // The event may have been written all the same: sent again with this id it is not counted twice.
      return {
        kind: 'unavailable',
        message: messages[result.reason],
        retryAfterSeconds: 1,
        extra: { eventId },
      };
  }
}

const messages: Record<Extract<WriteResult, { kind: 'unavailable' }>['reason'], string> = {
  deadline: 'the broker did not acknowledge in time: send the event again with this eventId',
  overloaded: 'too much waits for the broker: send the event again later',
  closed: 'the service is stopping: send the event again',
};
