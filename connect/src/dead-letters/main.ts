// `npm run dead-letters -- list|show|replay|discard`: what the processor could not process.
import { topicsOf } from '@activity/contracts';
import { kafkaSecurityOf, readArguments, runTool } from '@activity/service';
import { openTopicReader } from '@activity/streams';
import { z } from 'zod';
import type { KafkaAccess } from '../retentions.ts';
import { contactKafka, readToolConfig } from '../tool-config.ts';
import { erasureOf, readErasures, type Erasures } from './erased.ts';
import { matches, openLetters, type Letter } from './letter.ts';
import { openLetterWriter, replayAll } from './replay.ts';

const usage = `npm run dead-letters -- list    [filters]   how many there are, by reason and source
npm run dead-letters -- show    [filters]   each of them, with its bytes
npm run dead-letters -- replay  [filters]   back to the topic they came from
npm run dead-letters -- discard [filters]   not to be seen here again

filters:   --reason undecodable|invalid|too-deep|too-large|conflicting-duplicate|suppressed
           --since TIME, --until TIME       by the record's own time; ISO-8601
           --id PARTITION/OFFSET            one of them
           --limit N                        at most N
--dry-run  says what replay or discard would do, and does nothing`;

const time = z
  .string()
  .transform((text) => Date.parse(text))
  .refine((milliseconds) => !Number.isNaN(milliseconds), 'must be an ISO-8601 time')
  .optional();
const optionsSchema = z.object({
  reason: z.string().optional(),
  since: time,
  until: time,
  id: z.string().optional(),
  limit: z.coerce.number().int().min(1).default(Number.MAX_SAFE_INTEGER),
  'dry-run': z.boolean().default(false),
});
/** What is done with which letters. */
interface Settlement {
  command: 'replay' | 'discard';
  letters: readonly Letter[];
  erasures: Erasures;
}

const commands = ['list', 'show', 'replay', 'discard'] as const;

function list(letters: readonly Letter[]): void {
  const groups = Map.groupBy(letters, ({ reason, stage, from }) => `${reason}|${stage}|${from.topic}`);
  console.table(
    [...groups.values()].map((group) => ({
      reason: group[0]?.reason,
      stage: group[0]?.stage,
      topic: group[0]?.from.topic,
      letters: group.length,
      oldest: new Date(Math.min(...group.map(({ timestamp }) => timestamp))).toISOString(),
      newest: new Date(Math.max(...group.map(({ timestamp }) => timestamp))).toISOString(),
    })),
  );
  console.log(`${letters.length} dead letters`);
}

function show(letters: readonly Letter[], erasures: Erasures): void {
  for (const letter of letters) {
    const { id, reason, stage, message, timestamp, from, key, value } = letter;
    const erasure = erasureOf(letter, erasures);
    if (erasure !== undefined) {
      console.log(`${id}  ${new Date(timestamp).toISOString()}  ${reason} at ${stage}`);
      console.log(`  not shown: its user was erased after it (erasure ${erasure})`);
      continue;
    }
    const where = `${from.topic} ${from.partition}/${from.offset}`;
    console.log(
      `${id}  ${new Date(timestamp).toISOString()}  ${reason} at ${stage}, from ${where}: ${message}`,
    );
    console.log(`  key    ${JSON.stringify(key?.toString('utf8') ?? null)}`);
    console.log(`  value  ${JSON.stringify(value?.toString('utf8').slice(0, 2_000) ?? null)}`);
  }
  console.log(`${letters.length} dead letters`);
}

const { positionals, values } = readArguments({
  usage,
  options: {
    reason: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    id: { type: 'string' },
    limit: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  positionals: 1,
});

async function main(): Promise<void> {
  const command = z.enum(commands).safeParse(positionals[0]);
  if (!command.success) throw new Error(`what is to be done? ${commands.join(', ')}\n\n${usage}`);
  const options = optionsSchema.safeParse(values);
  if (!options.success) throw new Error(`${z.prettifyError(options.error)}\n\n${usage}`);
  const config = readToolConfig();
  const { deadLetter: topic, erasures: erasuresTopic } = topicsOf(config);
  const kafka = { brokers: config.KAFKA_BROKERS, security: kafkaSecurityOf(config) };
  const reader = openTopicReader({ ...kafka, clientId: 'activity-dead-letters' });
  try {
    await contactKafka(config, reader);
    const { reason, since, until, id, limit, 'dry-run': dry } = options.data;
    const letters = (await openLetters(reader.read(topic)))
      .filter((letter) => matches(letter, { reason, since, until, id }))
      .slice(0, limit);
    const erasures = await readErasures(reader.read(erasuresTopic), (position) =>
      console.error(
        `${erasuresTopic}/${position} is no erasure and was left out: find out who writes to that topic`,
      ),
    );
    if (command.data === 'list') list(letters);
    else if (command.data === 'show') show(letters, erasures);
    else if (dry) dryRun(command.data, letters, erasures);
    else await settle({ command: command.data, letters, erasures }, kafka, topic);
  } finally {
    await reader.close();
  }
}

function dryRun(command: 'replay' | 'discard', letters: readonly Letter[], erasures: Erasures): void {
  const erased = letters.filter((letter) => erasureOf(letter, erasures) !== undefined).length;
  const left = command === 'replay' ? erased : 0;
  console.log(`${letters.length - left} dead letters would be ${command}ed`);
  if (left > 0) console.log(`${left} would be left: their users were erased after them`);
}

async function settle(
  { command, letters, erasures }: Settlement,
  kafka: KafkaAccess,
  topic: string,
): Promise<void> {
  const writer = openLetterWriter(kafka, topic);
  try {
    if (command === 'discard') {
      for (const letter of letters) await writer.note(letter, 'discarded');
      console.log(`${letters.length} dead letters discarded`);
      return;
    }
    const { replayed, left } = await replayAll(letters, writer, erasures);
    for (const { letter, why } of left) console.log(`${letter.id} is left: ${why}`);
    console.log(`${replayed} dead letters replayed`);
    if (left.length > 0) process.exitCode = 1;
  } finally {
    await writer.close();
  }
}

await runTool(main);
