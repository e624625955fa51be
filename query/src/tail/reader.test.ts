import { expect, test } from 'vitest';
import { TailReader } from './reader.ts';

test('a log that waits is taken back when it is deleted, and counts no more', async () => {
  const reader = new TailReader({ maxWaiting: 100, onSlow: () => {}, onGone: () => {} });
  reader.send('kept\n', 1);
  reader.send('secret\n', 2);
  reader.send('a place\n');
  reader.takeBack(2);
  reader.takeBack(3);
  expect(reader.waiting).toBe('kept\na place\n'.length);
  const { value } = await reader.stream.getReader().read();
  expect(new TextDecoder().decode(value)).toBe('kept\na place\n');
});
