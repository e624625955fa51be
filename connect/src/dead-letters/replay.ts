// Replays dead letters: each goes back to where it came from as it was, and a note says that it has.
import { replayedFromHeader } from '@activity/contracts';
import { needing } from '@activity/service';
import type { KafkaAccess } from '../retentions.ts';
import { Producer, ProduceAcks } from '@platformatic/kafka';
import { erasureOf, firstPosition, type Erasures } from './erased.ts';
import { noteHeaders, type Letter, type Note } from './letter.ts';

/** Writes records, one send after the other. */
export interface LetterWriter {
  /** Back to the topic and partition it came from, with its key, value, time and headers. */
  replay(letter: Letter): Promise<void>;
  /** Into the dead-letter topic, beside the letter. */
  note(letter: Letter, action: Note['action']): Promise<void>;
  close(): Promise<void>;
}

/** Connects to Kafka when the first record is written. */
export function openLetterWriter({ brokers, security }: KafkaAccess, deadLetterTopic: string): LetterWriter {
  const producer = new Producer<Buffer | undefined, Buffer | undefined>({
    clientId: 'activity-dead-letters',
    bootstrapBrokers: [...brokers],
    ...security,
    idempotent: true,
    acks: ProduceAcks.ALL,
  });
  async function send(topic: string, records: Parameters<typeof producer.send>[0]): Promise<void> {
    await needing(`Write on topic ${topic}`, () => producer.send(records));
  }
  return {
    async replay(letter) {
      const { from, key, value, timestamp, headers, id } = letter;
      const all = [
        ...headers.filter((header) => header.key !== replayedFromHeader),
        { key: replayedFromHeader, value: Buffer.from(firstPosition(letter)) },
        { key: 'replay.of', value: Buffer.from(id) },
      ];
      await send(from.topic, {
        messages: [
          {
            topic: from.topic,
            partition: from.partition,
            timestamp: BigInt(timestamp),
            ...(key && { key }),
            ...(value && { value }),
            headers: new Map(all.map((header) => [Buffer.from(header.key), Buffer.from(header.value ?? [])])),
          },
        ],
      });
    },
    async note(letter, action) {
      const headers = noteHeaders({ of: letter.id, action });
      await send(deadLetterTopic, {
        messages: [
          {
            topic: deadLetterTopic,
            partition: Number(letter.id.slice(0, letter.id.indexOf('/'))),
            headers: new Map(headers.map(({ key, value }) => [Buffer.from(key), Buffer.from(value ?? [])])),
          },
        ],
      });
    },
    close: () => producer.close(),
  };
}

/** Why a letter cannot be replayed; undefined where it can. */
function hindrance(letter: Letter, erasures: Erasures): string | undefined {
  const { from, omitted } = letter;
  const erasure = erasureOf(letter, erasures);
  if (erasure !== undefined) return `its user was erased after it (erasure ${erasure})`;
  if (omitted) return 'its bytes are not here: it was too large';
  if (from.topic === '' || from.partition < 0) return 'it does not say where it came from';
  return undefined;
}

/**
 * Replays letters in their order, but for those of users who were erased since. Run twice, a letter is
 * replayed once: the note is written behind the record. Cut off between the two, the record is sent again,
 * which the processor finds out by its eventId.
 */
export async function replayAll(
  letters: readonly Letter[],
  writer: Pick<LetterWriter, 'replay' | 'note'>,
  erasures: Erasures,
): Promise<{ replayed: number; left: { letter: Letter; why: string }[] }> {
  const left: { letter: Letter; why: string }[] = [];
  let replayed = 0;
  for (const letter of letters) {
    const why = hindrance(letter, erasures);
    if (why !== undefined) {
      left.push({ letter, why });
      continue;
    }
    await writer.replay(letter);
    await writer.note(letter, 'replayed');
    replayed++;
  }
  return { replayed, left };
}
