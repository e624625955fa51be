// A process that writes state to disk until it is killed or the disk takes no more;
// it prints what was flushed.
import { flushCompileCache } from 'node:module';
import { diskBackend } from '../state/disk-backend.ts';
import { openWritten } from './state-backends.ts';
import { openStateFolder } from '../state/state-folder.ts';
import { StreamsError } from '../api/errors.ts';

// It may be killed, and the next one is to start sooner.
flushCompileCache();

const [folder = '', bytes = '100', kind = 'keyed'] = process.argv.slice(2);

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  await openStateFolder({ folder, applicationId: 'test', log: () => {} });
  const backend = diskBackend({ folder, log: () => {} });
  const state = await openWritten(backend, kind);
  print({ opened: state.position });
  // Entry n is written by the commit that ends at position n + 1;
  // every third commit takes an entry away again.
  for (let n = state.position; ; n++) {
    const data = `${n}`.padEnd(Number(bytes), 'x');
    const changes = [{ segment: 0, key: `key ${n}`, data, timestamp: n }];
    const gone = n % 3 === 2 ? [{ segment: 0, key: `key ${n - 2}`, data: undefined, timestamp: n }] : [];
    state.apply([...changes, ...gone], n + 1);
    if (n % 10 === 9) {
      await state.flush().catch(async (error: unknown) => {
        // As a thread does that closes after the failure: a little more is committed, and would fit.
        state.apply([{ segment: 0, key: 'small', data: '', timestamp: n }], n + 2);
        const again = await state.flush().then(
          () => 'flushed',
          ({ code }: StreamsError) => code,
        );
        print({ again });
        await state.close();
        await backend.close();
        throw error;
      });
      print({ flushed: n + 1 });
    }
  }
} catch (error) {
  const { code, message } =
    error instanceof StreamsError ? error : { code: 'UNKNOWN', message: String(error) };
  print({ code, message });
  process.exit(1);
}
