import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import { openPipeline } from './testing/pipeline.ts';
import { openTypeCounts, showTypeCounts } from './type-counts.ts';

const time = '2026-03-01T12:00:00.000Z';
const at = Date.parse(time);

function event(eventId: string, activityType: string): object {
  return { eventId, userId: 'u', activityType, metadata: {}, timestamp: time, receivedAt: time };
}

async function shown(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith('activity_processor'));
}

test('logs are counted by type: duplicates and what is refused are not', async () => {
  const registry = new Registry();
  const end = showTypeCounts(registry);
  const { pipe } = openPipeline({ now: at, countTypes: true });
  pipe('u', event('1', 'LOGIN'), at);
  pipe('u', event('1', 'LOGIN'), at);
  pipe('u', event('2', 'LOGIN'), at);
  pipe('u', event('3', 'PAGE_VIEW'), at);
  pipe('u', event('4', 'NOT_KNOWN'), at);
  await vi.waitFor(async () =>
    expect(await shown(registry)).toEqual([
      'activity_processor_events_by_type_total{type="LOGIN"} 2',
      'activity_processor_events_by_type_total{type="PAGE_VIEW"} 1',
    ]),
  );
  end();
});

test('what is processed again is counted once', async () => {
  const registry = new Registry();
  const end = showTypeCounts(registry);
  const counts = openTypeCounts();
  counts.add('LOGIN');
  counts.forget();
  counts.add('LOGIN');
  counts.flush();
  counts.flush();
  await vi.waitFor(async () =>
    expect(await shown(registry)).toEqual(['activity_processor_events_by_type_total{type="LOGIN"} 1']),
  );
  end();
});
