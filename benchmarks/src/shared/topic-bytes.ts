// How much room topics take on a broker's disk.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The bytes of each topic's segments, all partitions of one replica together. */
export function topicBytes(kafkaLogs: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const folder of readdirSync(kafkaLogs, { withFileTypes: true })) {
    const topic = /^(.+)-\d+$/.exec(folder.name)?.[1];
    if (!folder.isDirectory() || topic === undefined) continue;
    const path = join(kafkaLogs, folder.name);
    const segments = readdirSync(path).filter((file) => file.endsWith('.log'));
    const sum = segments.reduce((all, file) => all + statSync(join(path, file)).size, 0);
    bytes.set(topic, (bytes.get(topic) ?? 0) + sum);
  }
  return bytes;
}
