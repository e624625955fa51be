// `npm run status`: what runs, where, and whether it is healthy.
import { readArguments } from '@activity/service';
import { readConfig } from './config.ts';
import { printProblem } from './print.ts';
import { readRunState } from './supervise/run-file.ts';
import { statusTable } from './status-table.ts';

readArguments({
  usage: `npm run status

Shows what runs on the data folder, where, and whether it is healthy. Exits with 1 where something is not.`,
});

function main(): void {
  const { DATA_DIR } = readConfig();
  const state = readRunState(DATA_DIR);
  if (!state) {
    console.log(`Nothing runs on ${DATA_DIR}. Start it with \`npm start\`.`);
    process.exitCode = 1;
    return;
  }
  console.log(`The pipeline runs on ${DATA_DIR}, launcher pid ${state.launcher.pid}.\n`);
  console.log(statusTable(state.parts, Date.now()));
  if (state.parts.length === 0 || state.parts.some((part) => part.trouble !== undefined))
    process.exitCode = 1;
}

try {
  main();
} catch (error) {
  printProblem(error);
  process.exitCode = 1;
}
