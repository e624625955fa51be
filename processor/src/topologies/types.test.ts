// Which types the processor lets in: those that the edge has judged; of other writers, those that it knows.
import { shareTypes, sharedTypes } from '@activity/catalogue/shared';
import { replayedFromHeader } from '@activity/contracts';
import { expect, test, vi } from 'vitest';
import { headerOf, openPipeline, takeOver } from '../testing/pipeline.ts';

const start = Date.parse('2026-03-01T12:00:00.000Z');
const at = new Date(start).toISOString();

function event(activityType: string, more: object = {}): object {
  const times = { timestamp: at, receivedAt: at };
  return { eventId: activityType, userId: 'u', activityType, metadata: {}, ...times, ...more };
}

test('a type that the edge has judged is let in, whatever this instance knows', () => {
  const { pipe, read, deadLetters } = openPipeline();
  pipe('u', event('Order Completed', { typeVersion: 3, violations: ['metadata.a: is missing'] }), start);
  pipe('u', event('taken', { typeVersion: 0 }), start);
  pipe('u', event('LOGIN'), start);
  expect(deadLetters()).toEqual([]);
  const logs = read('enriched').map(({ value }) => value);
  expect(logs).toMatchObject([
    { activityType: 'Order Completed', typeVersion: 3, violations: ['metadata.a: is missing'] },
    { activityType: 'taken', typeVersion: 0 },
    { activityType: 'LOGIN' },
  ]);
  expect(logs[2]).not.toHaveProperty('typeVersion');
});

test('what others have written is judged by the catalogue as it is now', async () => {
  let types = [{ name: 'old', retentionDays: undefined }];
  const options = { channel: `types-topology-test-${process.pid}`, types };
  const share = shareTypes(options.channel, () => types);
  const { pipe, read, deadLetters } = openPipeline({ types: options });
  pipe('u', event('old'), start);
  pipe('u', event('new'), start);
  expect(read('enriched')).toHaveLength(1);
  expect(deadLetters().map((letter) => headerOf(letter, 'dead-letter.message'))).toEqual([
    'activityType: new is not known',
  ]);
  types = [{ name: 'new', retentionDays: undefined }];
  share.update();
  await vi.waitFor(() => expect(sharedTypes(options).get('new')).toBeDefined());
  pipe('u', event('new', { eventId: 'again' }), start);
  expect(read('enriched').at(-1)?.value).toMatchObject({ activityType: 'new' });
  share.close();
});

test('a dead letter that was replayed is stored once, also when raw is read again with its type registered', () => {
  const registered = {
    channel: `types-rebuild-test-${process.pid}`,
    types: [{ name: 'new', retentionDays: undefined }],
  };
  const replayed = { headers: [{ key: replayedFromHeader, value: Buffer.from('0/0') }] };
  const before = openPipeline();
  before.pipe('u', event('new'), start);
  expect(before.deadLetters()).toHaveLength(1);

  const rebuilt = openPipeline({ types: registered });
  rebuilt.pipe('u', event('new'), start);
  rebuilt.pipe('u', event('new'), start + 1_000, replayed);
  // A copy that is no replay has never had a log.
  rebuilt.pipe('u', event('new'), start + 2_000);
  const [log, marker, ...others] = rebuilt.read('enriched').map(({ key, value }) => ({ key, value }));
  expect([log, marker, others]).toMatchObject([
    { key: 'u', value: { _id: 0, activityType: 'new' } },
    { key: '1024', value: { _id: 1_024, deletedAt: new Date(start + 1_000).toISOString() } },
    [],
  ]);
  expect(rebuilt.read('ledger').at(-1)?.value).toMatchObject({ enriched: 1, duplicate: 2 });
  expect(rebuilt.deadLetters()).toEqual([]);

  // Once more: what it was found to be is remembered.
  const again = openPipeline({ types: registered });
  again.pipe('u', event('new'), start);
  again.pipe('u', event('new'), start + 1_000, replayed);
  again.read('enriched');
  takeOver(again, rebuilt, {});
  again.pipe('u', event('LOGIN'), start + 3_000);
  expect(again.read('enriched').map(({ value }) => value?.['_id'])).toContain(1_024);
});

test('types that are not registered are taken where that is set: as many as counts can hold', () => {
  const { pipe, read, deadLetters } = openPipeline({ unknownTypes: 'take' });
  for (let i = 0; i <= 500; i++) pipe('u', event(`T${i}`), start);
  pipe('u', event('T7', { eventId: 'again' }), start);
  expect(read('enriched')).toHaveLength(501);
  expect(deadLetters()).toHaveLength(1);
});

test('counts have names that MongoDB and JavaScript take for names', () => {
  const names = ['a.b', '$set', '__proto__', 'constructor', 'Order Completed', '100%'];
  const { pipe, read } = openPipeline();
  for (const name of names) {
    for (const copy of ['1', '2']) pipe('u', event(name, { typeVersion: 0, eventId: name + copy }), start);
  }
  const users = read('users').at(-1)?.value as { byType: object };
  expect(Object.entries(users.byType)).toEqual([
    ['a%2Eb', 2],
    ['%24set', 2],
    ['%5F_proto__', 2],
    ['%63onstructor', 2],
    ['Order Completed', 2],
    ['100%25', 2],
  ]);
});
