// The command line of the reset tool: its options, those of Kafka's kafka-streams-application-reset.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { SecurityOptions } from '@activity/kafka';
import { milliseconds, type Duration } from '../api/duration.ts';
import { FatalError } from '../api/errors.ts';
import type { ResetOptions, ResetResult } from '../reset.ts';
import type { ResetPosition } from './positions.ts';

/** What `--help` prints. */
export const usage: string = `usage: streams-application-reset --application-id ID [options]

Deletes the internal topics of an application, and sets the committed offsets of its input topics. Stop every
instance first.

  --application-id ID      the applicationId of createStreams
  --bootstrap-server LIST  host:port of brokers, with commas between them; 127.0.0.1:9092 unless given
  --config-file FILE       JSON with \`security\`, as createStreams takes it: {"security": {"tls": {}}}
  --input-topics LIST      topics whose offsets are set, with commas between them; others keep theirs
  --internal-topic-prefix PREFIX  what their names begin with, where not with the id
  --internal-topics LIST   the internal topics to delete, where not all of them
  --dry-run                prints what would be done
  --force                  removes members that the group has still: instances that were killed

Where the input topics are read from at the next start; one of:
  --to-earliest            their earliest records; unless another is given
  --to-latest              their ends
  --to-offset N            an offset
  --to-datetime TIME       the first records of a time: 2026-01-31T12:00:00.000, UTC unless it has a zone
  --by-duration DURATION   the first records of a time ago: 1h, or P1DT2H30M
  --shift-by N             N records after the committed offsets; negative: before them
`;

const options = {
  'application-id': { type: 'string' },
  'bootstrap-server': { type: 'string', default: '127.0.0.1:9092' },
  'config-file': { type: 'string' },
  'input-topics': { type: 'string', multiple: true },
  'internal-topic-prefix': { type: 'string' },
  'internal-topics': { type: 'string', multiple: true },
  'dry-run': { type: 'boolean' },
  force: { type: 'boolean' },
  'to-earliest': { type: 'boolean' },
  'to-latest': { type: 'boolean' },
  'to-offset': { type: 'string' },
  'to-datetime': { type: 'string' },
  'by-duration': { type: 'string' },
  'shift-by': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads the arguments; undefined where they ask for help.
 * @throws FatalError with CONFIGURATION_INVALID that names the option.
 */
export function readArguments(args: readonly string[]): ResetOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const applicationId = values['application-id'] ?? wrong('--application-id is missing');
  const to = positionOf(values);
  const [inputTopics, internalTopics] = [listOf(values['input-topics']), listOf(values['internal-topics'])];
  if (to !== undefined && inputTopics === undefined) wrong('a position needs --input-topics');
  const file = values['config-file'];
  const security = file === undefined ? undefined : readSecurity(file);
  const prefix = values['internal-topic-prefix'];
  return {
    applicationId,
    brokers: listOf([values['bootstrap-server']]) ?? [],
    ...(security && { security }),
    ...(inputTopics && { inputTopics }),
    ...(internalTopics && { internalTopics }),
    ...(prefix !== undefined && { internalTopicPrefix: prefix }),
    ...(to !== undefined && { to }),
    dryRun: values['dry-run'] === true,
    force: values.force === true,
  };
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

function parse(args: readonly string[]): Values {
  // A negative number is no option.
  const joined = args.flatMap((arg, i) => {
    if (args[i - 1] === '--shift-by') return [];
    return arg === '--shift-by' && i + 1 < args.length ? [`${arg}=${args[i + 1]}`] : [arg];
  });
  try {
    return parseArgs({ args: joined, options, allowPositionals: false }).values;
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

function positionOf(values: Values): ResetPosition | undefined {
  const given: ResetPosition[] = [];
  if (values['to-earliest'] === true) given.push('earliest');
  if (values['to-latest'] === true) given.push('latest');
  const { 'to-offset': offset, 'to-datetime': datetime, 'by-duration': duration, 'shift-by': shift } = values;
  if (offset !== undefined) given.push({ offset: integer('--to-offset', offset) });
  if (datetime !== undefined) given.push({ datetime: timeOf(datetime) });
  if (duration !== undefined) given.push({ byDuration: durationOf(duration) });
  if (shift !== undefined) given.push({ shiftBy: integer('--shift-by', shift) });
  if (given.length > 1) wrong('only one position can be given: --to-earliest, --to-latest and so on');
  return given[0];
}

function integer(option: string, text: string): number {
  return /^-?\d+$/.test(text) ? Number(text) : wrong(`${option}: ${text} is no whole number`);
}

function timeOf(text: string): number {
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text);
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN;
  return Number.isNaN(time)
    ? wrong(`--to-datetime: ${text} is no time; write 2026-01-31T12:00:00.000`)
    : time;
}

/** Ours, or ISO 8601's as Kafka's tool takes it. */
function durationOf(text: string): number {
  const iso = /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(text);
  try {
    if (!iso) return milliseconds(text as Duration);
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = iso.slice(1).map((part) => Number(part ?? 0));
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  } catch {
    return wrong(`--by-duration: ${text} is no duration; write 1h, or P1DT2H30M`);
  }
}

function listOf(texts: readonly string[] | undefined): string[] | undefined {
  const list = texts?.flatMap((text) => text.split(',')).map((name) => name.trim());
  return list?.filter((name) => name !== '');
}

function readSecurity(file: string): SecurityOptions {
  try {
    const { security } = JSON.parse(readFileSync(file, 'utf8')) as { security?: SecurityOptions };
    return security ?? wrong(`--config-file: ${file} has no "security"`);
  } catch (error) {
    if (error instanceof FatalError) throw error;
    return wrong(`--config-file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function wrong(text: string): never {
  throw new FatalError('CONFIGURATION_INVALID', `${text}; --help lists the options`);
}

/** The lines that say what was done, or would be. */
export function report({ positions, topics }: ResetResult, isDryRun: boolean): string[] {
  const lines = [
    ...positions.map(
      ({ topic, partition, offset }) => `offset ${offset} committed for ${topic}-${partition}`,
    ),
    ...topics.map((topic) => `topic ${topic} deleted`),
  ];
  if (lines.length === 0) return ['nothing to reset'];
  return isDryRun ? lines.map((line) => `dry run: ${line}`) : lines;
}
