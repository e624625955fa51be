// The headers of CloudEvents on the enriched topic.
import { cloudEventId } from '@activity/contracts';
import { Kafka } from 'cloudevents';
import { expect, test } from 'vitest';
import { openPipeline, type Output } from '../testing/pipeline.ts';

const time = '2026-03-01T12:00:00.000Z';
const at = Date.parse(time);

function event(metadata: object, eventId = 'e1'): object {
  return { eventId, userId: 'Jürgen', activityType: 'LOGIN', metadata, timestamp: time, receivedAt: time };
}

function headersOf({ headers }: Output): Record<string, string> {
  return Object.fromEntries(headers.map(({ key, value }) => [key, String(value)]));
}

test('there are none unless they are asked for', () => {
  const { pipe, read } = openPipeline({ now: at });
  pipe('Jürgen', event({}), at);
  expect(read('enriched').map(headersOf)).toEqual([{ 'event.time': time }]);
});

test('a log is an event of the source given; headers of its raw record stay but for those of another event', () => {
  const { pipe, read } = openPipeline({ now: at, cloudEventsSource: '/activity' });
  const headers = { traceparent: 'kept', ce_id: 'of the raw record', 'content-type': 'of it too' };
  pipe('Jürgen', event({ cloudevent: 'no attributes' }), at, {
    headers: Object.entries(headers).map(([key, value]) => ({ key, value: Buffer.from(value) })),
  });
  const [log] = read('enriched');
  if (log === undefined) throw new Error('no log');
  expect(headersOf(log)).toEqual({
    traceparent: 'kept',
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: 'e1',
    ce_source: '/activity',
    ce_type: 'LOGIN',
    ce_subject: 'Jürgen',
    ce_time: time,
    'event.time': time,
  });
  const found = Kafka.toEvent({
    headers: headersOf(log),
    body: '',
    value: JSON.stringify(log.value),
  } as never);
  expect(found).toMatchObject({ id: 'e1', source: '/activity', data: { _id: 0, userId: 'Jürgen' } });
});

test.each(['17', 'x'.repeat(1_000)])('an event that came as a CloudEvent keeps id and source', (id) => {
  const { pipe, read } = openPipeline({ now: at, cloudEventsSource: '/activity' });
  pipe('Jürgen', event({ cloudevent: { id, source: '/shop' } }, cloudEventId('/shop', id)), at);
  // Not those that its event id was made of.
  pipe('Jürgen', event({ cloudevent: { id, source: '/shop' } }, 'e2'), at);
  expect(read('enriched').map(headersOf)).toMatchObject([
    { ce_id: id, ce_source: '/shop' },
    { ce_id: 'e2', ce_source: '/activity' },
  ]);
});

test('a marker is no event', () => {
  const { pipe, read } = openPipeline({ now: at, cloudEventsSource: '/activity' });
  pipe('Jürgen', event({}), at);
  pipe(undefined, { command: 'delete-log', id: 0, requestedAt: time }, at);
  expect(headersOf(read('enriched')[1] as Output)).toEqual({});
});
