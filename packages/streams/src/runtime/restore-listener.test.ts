// The restore listener of an application: a mistake in it stops nothing.
import { expect, test } from 'vitest';
import { restoreNotifier, type RestoreEvent } from './restore-listener.ts';

const event: RestoreEvent = {
  method: 'onRestoreEnd',
  restore: { store: 'counts', topic: 'log', partition: 0, totalRestored: 3 },
};

test('the function of an event is called, as a method of the listener', () => {
  class Listener {
    readonly totals: number[] = [];
    onRestoreEnd({ totalRestored }: { totalRestored: number }): void {
      this.totals.push(totalRestored);
    }
  }
  const listener = new Listener();
  const notify = restoreNotifier(listener, () => {});
  notify?.(event);
  notify?.({ method: 'onRestoreSuspended', restore: event.restore });
  expect(listener.totals).toEqual([3]);
  expect(restoreNotifier(undefined, () => {})).toBeUndefined();
});

test('what it throws is logged', () => {
  const lines: string[] = [];
  const onRestoreEnd = (): never => {
    throw new Error('a mistake');
  };
  restoreNotifier({ onRestoreEnd }, (_level, line) => lines.push(line))?.(event);
  expect(lines).toEqual(['onRestoreEnd of the restore listener failed: a mistake']);
});
