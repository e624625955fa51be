import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { sharedTypes, shareTypes, typesToShare } from './shared-types.ts';
import { typeOf } from './catalogue.fixture.ts';

test('a thread has what was registered when it was started, what has come since, and what comes', async () => {
  const records = new Map([['A', typeOf('A', 1)]]);
  const channel = `types-test-${process.pid}`;
  const options = { channel, types: typesToShare(records) };
  records.set('B', { ...typeOf('B', 1), retentionDays: 7 });
  const share = shareTypes(channel, () => typesToShare(records));
  const module = JSON.stringify(new URL('shared-types.ts', import.meta.url).href);
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { sharedTypes } = await import(${module});
    const types = sharedTypes(workerData);
    parentPort.on('message', (name) => parentPort.postMessage(types.get(name) ?? null));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: options,
  });
  async function ask(name: string): Promise<unknown> {
    const answer = once(worker, 'message');
    worker.postMessage(name);
    return (await answer)[0];
  }
  expect(await ask('A')).toEqual({ name: 'A', retentionDays: undefined });
  await vi.waitFor(async () => expect(await ask('B')).toEqual({ name: 'B', retentionDays: 7 }));
  records.delete('A');
  share.update();
  await vi.waitFor(async () => expect(await ask('A')).toBeNull());
  await worker.terminate();
  share.close();
});

test('threads of one process that ask for the same have the same', () => {
  const options = { channel: `types-test-same-${process.pid}`, types: [] };
  expect(sharedTypes(options)).toBe(sharedTypes(options));
});
