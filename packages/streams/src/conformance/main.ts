// `npm run conformance -- DIR`: plays recorded runs of Kafka Streams,
// a line for each case; exits with 1 on a difference.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { playRun, type RecordedRun } from './run-case.ts';

function main(folder: string): number {
  const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
  if (files.length === 0) {
    console.error(`conformance: no .jsonl files in ${folder}`);
    return 1;
  }
  let different = 0;
  const unsupported: string[] = [];
  for (const file of files.toSorted()) {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean);
    let steps = 0;
    let failed = 0;
    let skipped = 0;
    let first = '';
    for (const line of lines) {
      const run = JSON.parse(line) as RecordedRun;
      const result = playRun(run);
      if (result.verdict === 'equal') steps += result.steps;
      else if (result.verdict === 'unsupported') skipped++;
      else {
        failed++;
        const { step, input, expected, actual } = result;
        first ||= `  seed ${run.seed} ${JSON.stringify(run.params)} step ${step}: in ${JSON.stringify(input)}\n    expected ${JSON.stringify(expected)}\n    actual   ${JSON.stringify(actual)}`;
      }
    }
    const name = file.replace(/\.jsonl$/, '');
    if (skipped === lines.length) unsupported.push(name);
    else if (failed > 0) console.log(`DIFFERENT  ${name}: ${failed} of ${lines.length} runs\n${first}`);
    else console.log(`equal      ${name}: ${lines.length} runs, ${steps} steps`);
    different += failed;
  }
  for (const name of unsupported) console.log(`unsupported ${name}: its operators are not there yet`);
  return different > 0 ? 1 : 0;
}

const usage = `usage: npm run conformance -- DIR

Plays every recorded run of Kafka Streams (*.jsonl) in DIR, and exits with 1 on a difference.`;

/** The folder; undefined where the usage was printed. */
function folderOf(args: string[]): string | undefined {
  try {
    const options = { help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    const [folder, extra] = positionals;
    if (values.help) console.log(usage);
    else if (folder !== undefined && extra === undefined) return folder;
    else throw new Error('one folder must be named');
  } catch (error) {
    console.error(`${(error as Error).message.split('.')[0]}\n\n${usage}`);
    process.exitCode = 1;
  }
  return undefined;
}

const folder = folderOf(process.argv.slice(2));
if (folder !== undefined) process.exitCode = main(folder);
