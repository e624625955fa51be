import { expect, test } from 'vitest';
import { uuidV7 } from './event-id.ts';

test('is a UUID of version 7 that begins with its time', () => {
  const now = Date.UTC(2026, 0, 2);
  const id = uuidV7(now);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(now);
  expect(uuidV7(now)).not.toBe(id);
  expect(uuidV7(now + 1) > id).toBe(true);
});

test('is another one each time', () => {
  const ids = new Set(Array.from({ length: 5_000 }, () => uuidV7(1)));
  expect(ids.size).toBe(5_000);
});
