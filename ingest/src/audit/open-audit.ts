// Opens the audit: its own producer and reader, which connect when there is something to write or to compare.
import { openTopicReader, openTopicWriter } from '@activity/kafka';
import type { KafkaSecurity, KeyEntry, Logger } from '@activity/service';
import { uuidV7 } from '../event-id.ts';
import { EventWriter } from '../kafka/event-writer.ts';
import { rawTopic } from '../kafka/raw-topic.ts';
import { createAuditWriter, type AuditWriter } from './audit-writer.ts';
import { KeyAudit } from './key-audit.ts';

/** What the audit needs. */
export interface OpenAuditOptions {
  brokers: readonly string[];
  security: KafkaSecurity;
  /** The audit topic. */
  topic: string;
  /** How long a line may wait for the broker, in milliseconds. */
  deadlineMs: number;
  logger: Logger;
}

/** The audit of this edge. */
export interface Audit {
  writer: AuditWriter;
  /** Takes in the keys each time that their file has been read. */
  onKeys: (entries: readonly KeyEntry[]) => void;
  close: () => Promise<void>;
}

const maxWaitingBytes = 1_048_576;

/** Opens the audit. */
export function openAudit({ brokers, security, topic, deadlineMs, logger }: OpenAuditOptions): Audit {
  const topicWriter = openTopicWriter({
    brokers,
    topic,
    security,
    clientId: 'activity-ingest-audit',
    connectTimeoutMs: 1_000,
    requestTimeoutMs: deadlineMs,
  });
  const lines = new EventWriter({ topic: rawTopic(topic, topicWriter), logger, deadlineMs, maxWaitingBytes });
  const writer = createAuditWriter({
    write: (record, partition, tell) => lines.send(record, partition, tell),
    newId: uuidV7,
  });
  const reader = openTopicReader({ brokers, security, clientId: 'activity-ingest-audit' });
  const keys = new KeyAudit({ topic, reader, audit: writer, logger, now: Date.now });
  return {
    writer,
    onKeys: (entries) => keys.look(entries),
    async close() {
      await Promise.all([keys.close(), lines.close()]);
      await reader.close();
    },
  };
}
