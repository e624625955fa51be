// A process that fills a store of several databases, begins to clear it, and kills itself some turns of the
// event loop later.
import { diskBackend } from '../state/disk-backend.ts';
import { openStateFolder } from '../state/state-folder.ts';
import { openSegmented } from './state-backends.ts';

const [folder = '', kind = '', turns = '0', segments = '0', entries = '0'] = process.argv.slice(2);

await openStateFolder({ folder, applicationId: 'test', log: () => {} });
const state = await openSegmented(diskBackend({ folder, log: () => {} }), kind);
let position = 0;
for (let segment = 0; segment < Number(segments); segment++) {
  for (let n = 0; n < Number(entries); n++) {
    state.apply([{ segment, key: `key ${n}`, data: 'x'.repeat(200), timestamp: segment }], ++position);
  }
}
await state.flush();

let left = Number(turns);
function killAfterTurns(): void {
  if (left-- <= 0) process.kill(process.pid, 'SIGKILL');
  setImmediate(killAfterTurns);
}
void state.clear().then(() => process.kill(process.pid, 'SIGKILL'));
killAfterTurns();
