import { expect, test, vi } from 'vitest';
import { createLogger } from './logger.ts';
import { watchSettings } from './settings-watch.ts';

const logger = createLogger('test', 'silent');
const own = { ready: true };

test('a wrong setting makes a service unready by name, until it is right; a failure to read changes nothing', async () => {
  const answers: (string | undefined | Error)[] = ['topic raw has a=1', new Error('away'), undefined];
  const asked = vi.fn<() => Promise<string | undefined>>(async () => {
    const next = await Promise.resolve(answers.shift());
    if (next instanceof Error) throw next;
    return next;
  });
  const watch = watchSettings({ problem: asked, logger, everyMs: 40 });
  expect(watch.readiness(own)).toEqual(own);
  await vi.waitFor(() => expect(watch.readiness(own)).toEqual({ ready: false, reason: 'topic raw has a=1' }));
  await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
  expect(watch.readiness(own).ready).toBe(false);
  await vi.waitFor(() => expect(watch.readiness(own)).toEqual(own));
  await watch.close();
});
