import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditRecord } from '@activity/contracts';
import { partitionOf, type ReadRecord } from '@activity/kafka';
import { createLogger, type KeyEntry } from '@activity/service';
import { afterEach, assert, describe, expect, test, vi } from 'vitest';
import { KeyAudit } from './key-audit.ts';

const partitions = 3;
const own = partitionOf('key', partitions);
const logger = createLogger('test', 'fatal', { write: () => {} });

function entry(id: string, more: Partial<KeyEntry> = {}): KeyEntry {
  const createdAt = '2026-01-02T03:04:05.678Z';
  return { id: id.repeat(12), name: 'web', scopes: ['ingest'], hash: 'f'.repeat(64), createdAt, ...more };
}

const opened: KeyAudit[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** A topic that several edges share. */
class Topic {
  readonly lines: AuditRecord[] = [];
  away = false;

  edge(settleMs = 60_000): KeyAudit {
    const edge = new KeyAudit({
      topic: 'audit',
      logger,
      now: () => 0,
      settleMs,
      reader: {
        offsets: async () => {
          if (this.away) throw new Error('away');
          return Array.from({ length: partitions }, () => 0);
        },
        read: (_, from) => this.#read(from?.[own] ?? 0),
      },
      audit: { write: async (line) => void this.lines.push(line) },
    });
    opened.push(edge);
    return edge;
  }

  async *#read(from: number): AsyncGenerator<ReadRecord, void, undefined> {
    for (const [offset, line] of [...this.lines.entries()].slice(from)) {
      const value = Buffer.from(JSON.stringify(line));
      yield { partition: own, offset, timestamp: 0, key: null, value, headers: [] };
    }
  }

  async has(...actions: string[]): Promise<void> {
    await vi.waitFor(() => assert.deepEqual(this.actions(), actions));
  }

  /** What a collection by `_id` has of it. */
  actions(): string[] {
    return [...new Map(this.lines.map((line) => [line._id, line.action])).values()];
  }
}

describe('KeyAudit', () => {
  test('notes what has changed since the last edge ran, and what two edges see once', async () => {
    const topic = new Topic();
    const first = topic.edge();
    first.look([entry('a')]);
    await topic.has('key.created');
    await first.close();

    const [one, two] = [topic.edge(), topic.edge()];
    for (const edge of [one, two]) edge.look([entry('a'), entry('b')]);
    await topic.has('key.created', 'key.created');
    for (const edge of [one, two]) edge.look([entry('a', { scopes: ['read'] })]);
    await topic.has('key.created', 'key.created', 'key.changed', 'key.removed');
    for (const edge of [one, two]) edge.look([entry('a', { scopes: ['read'] })]);
    await sleep(20);
    expect(topic.actions()).toHaveLength(4);
  });

  test('tries again while no broker answers, and writes of the newest file alone', async () => {
    const topic = new Topic();
    const edge = topic.edge();
    topic.away = true;
    edge.look([entry('a')]);
    edge.look([entry('a'), entry('b')]);
    await sleep(50);
    expect(topic.lines).toEqual([]);
    topic.away = false;
    await topic.has('key.created', 'key.created');
  });

  test('waits with what an older copy of the file looks like, when it has just started', async () => {
    const topic = new Topic();
    const first = topic.edge();
    first.look([entry('a'), entry('b')]);
    await topic.has('key.created', 'key.created');

    topic.edge().look([entry('a')]);
    const patient = topic.edge(500);
    patient.look([entry('a'), entry('c')]);
    await topic.has('key.created', 'key.created', 'key.created');
    // The second edge's copy is as old as it was.
    await topic.has('key.created', 'key.created', 'key.created', 'key.removed');
    expect(topic.lines.at(-1)).toMatchObject({ action: 'key.removed', target: entry('b').id });
  });
});
