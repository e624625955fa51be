// What has become of an erasure that has no receipt yet:
// its command in the raw topic, or what waits for the sink.
import { rawCommand, rawPosition, type Erasure, type ErasureState } from '@activity/contracts';
import type { MonitoringRoute } from '@activity/service';
import type { TopicReader } from '@activity/streams';
import { z } from 'zod';

/** What is asked. */
export interface ErasureStateOptions {
  reader: TopicReader;
  /** The raw topic. */
  raw: string;
  /** The processor's application id. */
  groupId: string;
  /** The erasure with this number where it waits for the sink. */
  waiting: (id: number) => Erasure | undefined;
}

/** Makes what looks an erasure up by the number of its command; undefined where the number is of none. */
export function createErasureState(
  options: ErasureStateOptions,
): (id: number) => Promise<ErasureState | undefined> {
  const { reader, raw, groupId, waiting } = options;

  async function commandAt(partition: number, offset: number, partitions: number): Promise<Buffer | null> {
    const starts = Array.from({ length: partitions }, (_, one) =>
      one === partition ? offset : Number.MAX_SAFE_INTEGER,
    );
    for await (const record of reader.read(raw, starts))
      return record.offset === offset ? record.value : null;
    return null;
  }

  return async function erasureState(id) {
    const known = waiting(id);
    if (known !== undefined)
      return { state: 'processed', userId: known.userId, requestedAt: known.requestedAt };
    const { partition, offset } = rawPosition(id);
    const [earliest, ends, committed] = await Promise.all([
      reader.offsets(raw, 'earliest'),
      reader.offsets(raw, 'latest'),
      reader.committed(groupId, raw),
    ]);
    if (offset < (earliest[partition] ?? Infinity) || offset >= (ends[partition] ?? 0)) return undefined;
    const command = commandIn(await commandAt(partition, offset, ends.length));
    if (command?.command !== 'erase-user') return undefined;
    const { userId, requestedAt } = command;
    return { state: offset < (committed[partition] ?? 0) ? 'processed' : 'accepted', userId, requestedAt };
  };
}

function commandIn(value: Buffer | null): z.output<typeof rawCommand> | undefined {
  try {
    return rawCommand.safeParse(JSON.parse(value?.toString('utf8') ?? '')).data;
  } catch {
    return undefined;
  }
}

const number = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** `GET /erasure?id=…`: 404 where no erasure has this number. */
export function erasureRoute(
  erasureState: (id: number) => Promise<ErasureState | undefined>,
): MonitoringRoute {
  return async function erasure(query) {
    const id = number.safeParse(query.get('id') ?? undefined);
    if (!id.success) return { status: 400, body: { error: 'id must be the number of a command' } };
    const found = await erasureState(id.data);
    return found === undefined
      ? { status: 404, body: { error: 'no erasure has this number' } }
      : { status: 200, body: found };
  };
}
