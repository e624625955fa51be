#!/usr/bin/env node
// `streams-application-reset`: resets an application from a shell.
import { StreamsError } from '../api/errors.ts';
import { resetApplication } from '../reset.ts';
import { readArguments, report, usage } from './command.ts';

try {
  const options = readArguments(process.argv.slice(2));
  if (options) {
    const result = await resetApplication(options);
    for (const line of report(result, options.dryRun === true)) console.log(line);
  } else console.log(usage);
} catch (error) {
  if (!(error instanceof StreamsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
