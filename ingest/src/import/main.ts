// `npm run import -- FILE…`: events of files into the raw topic.
import { resolve } from 'node:path';
import type { EventTypes } from '@activity/catalogue';
import { activityInputOf } from '@activity/contracts';
import { openTopicReader, openTopicWriter } from '@activity/kafka';
import { contact, createLogger, kafkaSecurityOf, readArguments, reasonOf, runTool } from '@activity/service';
import { EventWriter } from '../kafka/event-writer.ts';
import { rawTopic } from '../kafka/raw-topic.ts';
import { openTypes } from '../types/open-types.ts';
import { beginOf } from './begin.ts';
import { readImportConfig, type ImportConfig } from './config.ts';
import { formatOf, formats, type Format, type FormatName } from './formats.ts';
import { importFile, type Imported, type Progress, type Target } from './import-file.ts';
import { releaseLock, takeLock } from './import-lock.ts';
import { openInput, PackingError, standardInput, type Input } from './open-input.ts';
import { progressLine } from './progress-line.ts';
import { rejectsProblem, RejectsFile } from './rejects-file.ts';
import { readState, writeState, type ImportState } from './state-file.ts';

const usage = `npm run import -- FILE… [options]

Writes the events of files into the raw topic: NDJSON, CSV with a header, our own export, PostHog's export; each may be
gzip; - is standard input. Lines are checked as the edge checks events. Run again after it was stopped or killed, it goes
on where the broker had acknowledged everything.

--format NAME    the form: ${formats.join(', ')}; found out unless given
--state FILE     where its position is kept; FILE.import.json unless given, and not kept for standard input
--rejects FILE   where refused lines go, with their numbers and reasons; FILE.rejects.ndjson unless given
--name NAME      what the ids of events without eventId begin with; the file's name unless given
--again          from the first line, whatever the state says; its file of rejects is made again
--go-on          goes on after a kill that was longer ago than the processor remembers ids

Ends with 0 when every line is stored, 1 when lines were refused or it was stopped or failed, 2 for wrong arguments.`;

const { positionals: files, values } = readArguments({
  usage,
  options: {
    format: { type: 'string' },
    state: { type: 'string' },
    rejects: { type: 'string' },
    name: { type: 'string' },
    again: { type: 'boolean' },
    'go-on': { type: 'boolean' },
  },
  positionals: Number.MAX_SAFE_INTEGER,
  usageCode: 2,
});

const nothing: Progress = { bytes: 0, lines: 0, stored: 0, rejected: 0, rejectBytes: 0 };
/** Writes wait for the broker: given up, they would be out of order when they come again. */
const deadlineMs = 86_400_000;
const patienceMs = 600_000;
/** How long reading the catalogue of types may take. */
const typesWithinMs = 30_000;
const number = new Intl.NumberFormat('en');

/** What all files have in common. */
interface Session {
  config: ImportConfig;
  types: EventTypes;
  topicId: string;
  target: Target;
  signal: AbortSignal;
  format: FormatName | undefined;
}

const logger = createLogger('import', 'info', { write: (line) => process.stderr.write(line) });

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

function formatNamed(name: string | undefined): FormatName | undefined {
  const found = formats.find((one) => one === name);
  if (name !== undefined && found === undefined)
    refuse(`--format ${name}: must be one of ${formats.join(', ')}`);
  return found;
}

/** A path as it was given: npm runs scripts in the root of the project. */
function pathOf(given: string): string {
  return resolve(process.env['INIT_CWD'] ?? '', given);
}

function placesOf(file: string): { stateFile: string | undefined; rejectsFile: string } {
  const own = file === standardInput ? undefined : pathOf(file);
  const state = values.state === undefined ? own && `${own}.import.json` : pathOf(values.state);
  const rejects = pathOf(values.rejects ?? `${own ?? 'stdin'}.rejects.ndjson`);
  return { stateFile: state, rejectsFile: rejects };
}

/** Imports one file, which nobody else imports meanwhile. Returns its exit code. */
async function importOne(file: string, session: Session): Promise<number> {
  const { stateFile } = placesOf(file);
  if (stateFile === undefined) return importAlone(file, session);
  const other = await takeLock(stateFile);
  if (other !== undefined) refuse(`${file} is being imported by the process ${other}: wait for its end`);
  try {
    return await importAlone(file, session);
  } finally {
    await releaseLock(stateFile);
  }
}

async function importAlone(file: string, session: Session): Promise<number> {
  const input = await openInput(file === standardInput ? file : pathOf(file), {
    ...(values.name !== undefined && { name: values.name }),
  });
  try {
    const { stateFile, rejectsFile } = placesOf(file);
    const state = stateFile === undefined ? undefined : await readState(stateFile);
    const begin = beginOf(
      {
        file,
        stateFile,
        fingerprint: input.fingerprint,
        topic: session.topicId,
        again: values.again ?? false,
        goOn: values['go-on'] ?? false,
        now: Date.now(),
        dedupeHours: session.config.DEDUPE_HOURS,
      },
      state,
    );
    if (begin.kind === 'refused') refuse(begin.message);
    if (begin.kind === 'done') {
      console.log(begin.message);
      return begin.state.rejected === 0 ? 0 : 1;
    }
    const found = begin.kind === 'go-on' ? begin.state : undefined;
    const format = found === undefined ? formatOfInput(input, session.format) : formatIn(found);
    if (found !== undefined) console.log(`${file}: goes on behind line ${number.format(found.lines)}`);
    const problem =
      found === undefined ? await rejectsProblem(rejectsFile, values.again ?? false) : undefined;
    if (problem !== undefined) refuse(problem);
    const rejects = await RejectsFile.open(rejectsFile, found?.rejectBytes ?? 0);
    const imported = await runImport(input, format, found ?? nothing, rejects, stateFile, session);
    return conclude(file, rejectsFile, imported);
  } finally {
    input.close();
  }
}

function formatOfInput(input: Input, named: FormatName | undefined): Format {
  try {
    return formatOf(input.head, named);
  } catch (error) {
    return refuse(`${input.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function formatIn({ format, columns, delimiter }: ImportState): Format {
  return { name: format, columns, delimiter };
}

interface Run extends Imported {
  perSecond: number;
}

async function runImport(
  input: Input,
  format: Format,
  from: Progress,
  rejects: RejectsFile,
  stateFile: string | undefined,
  { config, types, topicId, target, signal }: Session,
): Promise<Run> {
  const line = progressLine({
    input,
    from,
    terminal: process.stderr,
    logger,
    now: () => performance.now(),
  });
  async function keep(status: ImportState['status'], progress: Progress): Promise<void> {
    if (stateFile === undefined) return;
    const { bytes, lines, stored, rejected, rejectBytes } = progress;
    await writeState(stateFile, {
      version: 1,
      name: input.name,
      fingerprint: input.fingerprint,
      topic: topicId,
      format: format.name,
      ...(format.columns !== undefined && { columns: [...format.columns] }),
      ...(format.delimiter !== undefined && { delimiter: format.delimiter }),
      status,
      savedAt: new Date().toISOString(),
      bytes,
      lines,
      stored,
      rejected,
      rejectBytes,
    });
  }
  try {
    await keep('running', from);
    const imported = await importFile({
      input,
      format,
      from,
      rejects,
      target,
      rules: { input: activityInputOf(config.MIN_EVENT_YEAR), types },
      maxEventBytes: config.MAX_EVENT_BYTES,
      save: async (progress) => keep('running', progress),
      report: line.show,
      signal,
      patienceMs,
    });
    if (imported.complete) await keep('done', imported);
    else if (imported.idle) await keep('stopped', imported);
    return { ...imported, perSecond: line.rate(imported) };
  } finally {
    line.end();
    await rejects.close();
  }
}

function conclude(file: string, rejectsFile: string, run: Run): number {
  const { lines, stored, rejected, complete, failure, perSecond } = run;
  const counts = `${number.format(lines)} lines, ${number.format(stored)} stored, ${number.format(rejected)} rejected`;
  console.log(`${file}: ${counts}; ${number.format(perSecond)} lines/s`);
  if (rejected > 0) console.log(`The rejected lines and why are in ${rejectsFile}`);
  if (!complete) {
    console.error(
      `${failure === undefined ? 'stopped' : reasonOf(failure)}: ${failure instanceof PackingError ? failure.remedy : 'run the same command again to go on'}`,
    );
  }
  return complete && rejected === 0 ? 0 : 1;
}

async function topicIdOf(config: ImportConfig): Promise<string> {
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic } = config;
  const reader = openTopicReader({ brokers, clientId: 'activity-import', security: kafkaSecurityOf(config) });
  try {
    let id: string | undefined;
    await contact({
      name: 'Kafka',
      addresses: brokers,
      variable: 'KAFKA_BROKERS',
      ask: async () => (id = (await reader.describe([topic])).get(topic)?.id),
    });
    if (id === undefined)
      throw new Error(`there is no topic ${topic}: start the pipeline (npm start), or set KAFKA_TOPIC`);
    return id;
  } finally {
    await reader.close();
  }
}

/** The catalogue, which is followed until the process ends. */
async function readTypes(config: ImportConfig): Promise<EventTypes> {
  const catalogue = openTypes({
    brokers: config.KAFKA_BROKERS,
    security: kafkaSecurityOf(config),
    topic: config.KAFKA_TYPES_TOPIC,
    builtIn: config.ACTIVITY_TYPES,
    unknown: config.UNKNOWN_TYPES,
    // On a terminal what it has read is nobody's question.
    logger: logger.child({}, { level: 'warn' }),
  });
  await catalogue.untilReady(typesWithinMs);
  return catalogue.types;
}

async function main(): Promise<void> {
  if (files.length === 0) refuse(`which file is to be imported?\n\n${usage}`);
  if (files.length > 1 && (values.state ?? values.rejects ?? values.name) !== undefined)
    refuse('--state, --rejects and --name are for one file');
  const format = formatNamed(values.format);
  const config = readImportConfig();
  logger.level = config.LOG_LEVEL;
  const abort = new AbortController();
  const stop = (): void => (abort.signal.aborted ? process.exit(1) : abort.abort());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  const topicId = await topicIdOf(config);
  const topicWriter = openTopicWriter({
    brokers: config.KAFKA_BROKERS,
    topic: config.KAFKA_TOPIC,
    security: kafkaSecurityOf(config),
    clientId: 'activity-import',
    connectTimeoutMs: 1_000,
    requestTimeoutMs: 10_000,
  });
  const writer = new EventWriter({
    topic: rawTopic(config.KAFKA_TOPIC, topicWriter),
    logger,
    compression: config.KAFKA_COMPRESSION,
    deadlineMs,
    maxWaitingBytes: 268_435_456,
  });
  const target: Target = {
    write: (record, partition, tell) => writer.send(record, partition, tell),
    waitingBytes: () => writer.waitingBytes,
    failing: () => writer.failing,
  };
  const types = await readTypes(config);
  let code = 0;
  for (const file of files) {
    if (abort.signal.aborted) break;
    code = Math.max(
      code,
      await importOne(file, { config, types, topicId, target, signal: abort.signal, format }),
    );
  }
  // Not by closing the writer: what was given up would be waited for.
  process.exit(code);
}

await runTool(main);
