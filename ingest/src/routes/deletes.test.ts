import { rawCommand } from '@activity/contracts';
import { beforeEach, describe, expect, test } from 'vitest';
import { testEdge } from '../app.fixture.ts';
import type { TestEdge } from '../app.fixture.ts';

let edge: TestEdge;
beforeEach(() => {
  edge = testEdge();
});

async function remove(path: string): Promise<[number, unknown]> {
  const response = await edge.app.request(path, { method: 'DELETE' });
  return [response.status, await response.json()];
}

const requestedAt = '2026-01-02T03:04:05.678Z';

describe('DELETE /api/logs/:id', () => {
  test('sends a command to the partition that the id names', async () => {
    const id = 7 * 1024 + 3;
    expect(await remove(`/api/logs/${id}`)).toEqual([
      202,
      { success: true, message: 'Activity log deletion accepted', commandId: 5 * 1024 + 2 },
    ]);
    const [record] = edge.written;
    expect(record).toMatchObject({ key: undefined, partition: 3 });
    expect(rawCommand.parse(JSON.parse(String(record?.value)))).toEqual({
      command: 'delete-log',
      id,
      requestedAt,
    });
  });

  test.each(['x', '-1', '1.5', '1e3', '99999999999999999', '9007199254740992', 'a%20b'])(
    'refuses %s',
    async (id) => {
      expect(await remove(`/api/logs/${id}`)).toEqual([
        400,
        { error: 'Validation failed', details: [{ field: 'id', message: expect.any(String) }] },
      ]);
      expect(edge.written).toEqual([]);
    },
  );

  test('is 404 where the topic has no such partition', async () => {
    edge.result = { kind: 'no-partition' };
    expect(await remove('/api/logs/1023')).toEqual([404, { error: 'Activity log not found' }]);
  });
});

describe('DELETE /api/users/:userId', () => {
  test('sends a command under the user’s key', async () => {
    expect(await remove('/api/users/%20a%2Fb%20')).toEqual([
      202,
      { success: true, message: 'User erasure accepted', commandId: 5 * 1024 + 2 },
    ]);
    const [record] = edge.written;
    expect(String(record?.key)).toBe('a/b');
    expect(record?.partition).toBeUndefined();
    expect(rawCommand.parse(JSON.parse(String(record?.value)))).toEqual({
      command: 'erase-user',
      userId: 'a/b',
      requestedAt,
    });
  });

  test.each([
    ['%2E', '.'],
    ['..', '..'],
    ['a%2Fb', 'a/b'],
    ['%E2%98%83', '☃'],
  ])('takes the user as a parameter too: %s', async (given, userId) => {
    expect((await remove(`/api/users?userId=${given}`))[0]).toBe(202);
    expect(String(edge.written[0]?.key)).toBe(userId);
  });

  test.each([
    '/api/users',
    '/api/users?userId=',
    '/api/users?userId=%ff',
    '/api/users?userId=%',
    '/api/users/%ff',
    '/api/users/%',
    '/api/users/a%2',
    '/api/logs/%ff',
  ])('refuses %s', async (path) => {
    expect((await remove(path))[0]).toBe(400);
    expect(edge.written).toEqual([]);
  });

  test.each(['%20', 'x'.repeat(769)])('refuses %s', async (user) => {
    expect((await remove(`/api/users/${user}`))[0]).toBe(400);
  });
});

test('a command that is not acknowledged is not accepted', async () => {
  edge.result = { kind: 'unavailable', reason: 'deadline' };
  expect((await remove('/api/logs/1'))[0]).toBe(503);
  edge.result = { kind: 'written', partition: 0, offset: undefined };
  expect(await remove('/api/logs/1')).toEqual([
    202,
    { success: true, message: 'Activity log deletion accepted' },
  ]);
});
