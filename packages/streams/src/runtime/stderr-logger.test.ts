// Without a logger an error is seen all the same.
import { expect, test, vi } from 'vitest';
import { stderrLogger } from './stderr-logger.ts';

test('errors go to stderr with what is known of them, and nothing else does', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  stderrLogger('info', 'started');
  stderrLogger('warn', 'slow');
  stderrLogger('error', 'thread failed', { error: new Error('disk full'), task: '0_1' });
  expect(write).toHaveBeenCalledOnce();
  const [line] = write.mock.calls[0] ?? [];
  expect(line).toMatch(/^thread failed [^]*disk full[^]*task: '0_1'[^]*\n$/);
});
