// One export of everything, and what the service's memory does meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';

/** What an export was like. */
export interface ExportFigures {
  logs: number;
  logsPerSecond: number;
  /** Of the second half of the time. */
  steadyPerSecond: number;
  /** Of the service's process: before, and the most while it lasted. */
  megabytesBefore: number;
  megabytesPeak: number;
}

async function memoryOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes\{.*\} (\S+)$/m.exec(text)?.[1]) / 1_048_576;
}

/** Exports all logs as NDJSON; the client reads as fast as it can. */
export async function exportAll(url: string): Promise<ExportFigures> {
  const megabytesBefore = Math.round(await memoryOf(url));
  let peak = megabytesBefore;
  const done = new AbortController();
  const watching = (async () => {
    while (!done.signal.aborted) {
      peak = Math.max(peak, await memoryOf(url));
      await sleep(250);
    }
  })();
  const started = performance.now();
  const response = await fetch(`${url}/api/logs/export`);
  let logs = 0;
  const reached = [{ at: started, logs }];
  if (response.body === null) throw new Error('the export has no body');
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    for (const byte of chunk) if (byte === 0x0a) logs++;
    reached.push({ at: performance.now(), logs });
  }
  const ended = performance.now();
  done.abort();
  await watching;
  const half = reached.find(({ at }) => at >= (started + ended) / 2) ?? { at: started, logs: 0 };
  return {
    logs,
    logsPerSecond: Math.round(logs / ((ended - started) / 1_000)),
    steadyPerSecond: Math.round((logs - half.logs) / ((ended - half.at) / 1_000)),
    megabytesBefore,
    megabytesPeak: Math.round(peak),
  };
}
