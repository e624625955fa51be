// `npm run status`: what runs, where, and whether it is healthy.
import { readConfig } from './config.ts';
import { readRunState } from './supervise/run-file.ts';
import { statusTable } from './status-table.ts';

const { DATA_DIR } = readConfig();
const state = readRunState(DATA_DIR);
if (!state) {
  console.log(`Nothing runs on ${DATA_DIR}. Start it with \`npm start\`.`);
  process.exitCode = 1;
} else {
  console.log(`The pipeline runs on ${DATA_DIR}, launcher pid ${state.launcher.pid}.\n`);
  console.log(statusTable(state.parts, Date.now()));
  if (state.parts.length === 0 || state.parts.some((part) => part.trouble !== undefined))
    process.exitCode = 1;
}
