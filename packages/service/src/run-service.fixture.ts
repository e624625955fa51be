// A service for run-service.test.ts, whose first argument says how it behaves.
import { writeFileSync } from 'node:fs';
import { createLogger } from './logger.ts';
import { runService } from './run-service.ts';

const mode = process.argv[2] ?? 'serve';
const logger = createLogger('fixture');

runService({
  logger,
  closeWithinMs: mode === 'hang' ? 200 : 9_000,
  async start({ onClose }) {
    const alive = setInterval(() => {}, 1_000);
    onClose('first', () => {
      console.log('closed first');
      clearInterval(alive);
    });
    if (mode === 'slow-start') {
      console.log('starting');
      await new Promise(() => {});
    }
    if (mode === 'fail-start') throw new Error('the fault');
    onClose('second', async () => {
      if (mode === 'fail-close') throw new Error('the fault');
      if (mode.startsWith('hang')) await new Promise(() => {});
      console.log('closed second');
    });
    if (mode === 'fault') setImmediate(() => void Promise.reject(new Error('the fault')));
    console.log('started');
    if (mode === 'chatty') {
      let lines = 0;
      const timer = setInterval(() => {
        for (let n = 0; n < 1_000; n += 1) logger.info({ lines: lines++ }, 'a line of a hundred bytes or so');
        console.error('a warning');
        if (lines === 20_000) writeFileSync(process.argv[3] ?? '', String(process.memoryUsage().rss));
      }, 5);
      onClose('third', () => clearInterval(timer));
    }
  },
});
