#!/usr/bin/env node
// `npm create @activity/streams-app my-app`: makes a project and prints what to do next.
import { relative } from 'node:path';
import { createApp } from './create-app.ts';

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined || folder.startsWith('-') || rest.length > 0) {
  console.error('usage: npm create @activity/streams-app FOLDER');
  process.exitCode = 1;
} else {
  try {
    const path = createApp(folder);
    console.log(`Made ${path}. Next:

  cd ${relative(process.cwd(), path) || '.'}
  npm install
  npm test

README.md says how to run it on a broker.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
