// State, changelogs and group messages as a release writes them,
// kept as files that every later release must read.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { bytesSerde, jsonSerde, numberSerde, stringSerde } from '../api/serde.ts';
import type { StepClock } from '../api/processor.ts';
import type { SourceRecord } from '../api/record.ts';
import type { StoreSpec } from '../api/stores.ts';
import { dedupePrefixLength, firstCopySerde } from '../operators/dedupe.ts';
import { writeAssignment, writeJoinData, type Assignment, type JoinData } from '../runtime/assignor.ts';
import { writeOffsetMetadata, type OffsetMetadata } from '../runtime/offset-metadata.ts';
import { openState, openStore } from '../runtime/task-stores.ts';
import { memoryState } from '../testing/memory-state.ts';
import type { CommittedState } from '../state/committed-state.ts';
import { diskBackend } from '../state/disk-backend.ts';
import { TaskBufferStore } from '../state/buffer-store.ts';
import { TaskExpiringStore } from '../state/expiring-store.ts';
import { TaskKeyValueStore } from '../state/key-value-store.ts';
import { cacheBudget } from '../state/cache-budget.ts';
import { TaskSessionStore } from '../state/session-store.ts';
import type { TaskStore } from '../state/store.ts';
import { TaskTimelineStore } from '../state/timeline-store.ts';
import { TaskWindowStore } from '../state/window-store.ts';
import { Changelog, changelog } from './changelog.ts';
import { trickyKeys } from './state-backends.ts';

/** Where each release has a folder. */
export const goldenFolder: string = join(import.meta.dirname, '..', '..', 'golden');

const minute = 60_000;
const start = Date.UTC(2026, 0, 1);
const commits = 120;
/** The stream time of the last commit. */
export const goldenEnd: number = start + commits * minute;

/** One store of each kind, with text and with bytes. A golden file has those that its release had. */
export const goldenSpecs: readonly StoreSpec[] = [
  { name: 'names', kind: 'keyValue', keySerde: stringSerde, valueSerde: jsonSerde(), changelog: true },
  { name: 'bytes', kind: 'keyValue', keySerde: bytesSerde, valueSerde: bytesSerde, changelog: true },
  {
    name: 'minutes',
    kind: 'window',
    keySerde: stringSerde,
    valueSerde: numberSerde,
    retentionMs: 60 * minute,
    changelog: true,
  },
  {
    name: 'ids',
    kind: 'expiring',
    keySerde: stringSerde,
    valueSerde: firstCopySerde,
    retentionMs: 60 * minute,
    prefixLength: dedupePrefixLength,
    runEntries: 20,
    changelog: true,
  },
  {
    name: 'visits',
    kind: 'session',
    keySerde: stringSerde,
    valueSerde: jsonSerde(),
    retentionMs: 60 * minute,
    segmentMs: 8 * minute,
    windowSizeMs: minute,
    changelog: true,
  },
  { name: 'waiting', kind: 'buffer', keySerde: stringSerde, valueSerde: jsonSerde(), changelog: true },
  {
    name: 'clicks',
    kind: 'timeline',
    keySerde: stringSerde,
    valueSerde: jsonSerde(),
    retentionMs: 60 * minute,
    segmentMs: 15 * minute,
    windowSizeMs: 2 * minute,
    changelog: true,
  },
] as readonly StoreSpec[];

/** What group members and commits write, and what it means. */
export const goldenMessages: {
  joinData: JoinData;
  assignment: Assignment;
  metadata: OffsetMetadata;
} = {
  joinData: {
    instanceId: 'a',
    owned: ['0_0', '1_2'],
    stored: ['0_1'],
    topology: { fingerprint: '0123456789abcdef', inputs: [['in'], ['app-by-repartition']] },
  },
  assignment: { tasks: ['0_0', '1_3'], pending: 2, refused: false },
  metadata: {
    partitionTime: start,
    arrivalTime: start + 5,
    topicId: '1b3a8cf0-72de-4f4b-8e26-9a6ac0f1d3aa',
    stepClocks: '',
  },
};

/** A golden file: for each store its changelog and contents, and the messages. */
export interface Golden {
  stores: { [name: string]: { changelog: KeptRecord[]; contents: unknown[] } };
  messages: { joinData: string; assignment: string; metadata: string };
}

interface KeptRecord {
  key: string | null;
  value: string | null;
  timestamp: number;
}

/** A store over a state, at a stream time that moves. */
export function goldenStore(spec: StoreSpec, state: CommittedState, streamTime: () => number): TaskStore {
  const stepClock = (): StepClock => ({
    get time() {
      return streamTime();
    },
    advance: streamTime,
  });
  const clocks = { streamTime, arrivalTime: streamTime, eventTime: streamTime, stepClock };
  return openStore(spec, state, changelog, clocks, cacheBudget(10)).store;
}

/** Everything in a store, in an order of its own. */
export function contentsOf(store: TaskStore): unknown[] {
  if (store instanceof TaskKeyValueStore)
    return [...store.all()].map(([key, value]) => [portable(key), portable(value)]);
  if (store instanceof TaskWindowStore) return [...store.fetchAll(0, goldenEnd)];
  if (store instanceof TaskSessionStore) return [...store.fetchAll(0, goldenEnd)].toSorted(byText);
  if (store instanceof TaskBufferStore) return [...store.all()];
  if (store instanceof TaskTimelineStore)
    return [0, 1, 2, 3].map((n) => store.fetch(`key ${n}`, 0, goldenEnd + minute));
  if (!(store instanceof TaskExpiringStore)) throw new TypeError(`store ${store.name} is of another kind`);
  return Array.from({ length: commits * 5 }, (_, n) => idOf(n)).map((id) => [id, store.get(id) ?? null]);
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

function portable(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

function idOf(n: number): string {
  const user = `user ${n % 7}`;
  return `${user.length}|${user}id ${n}`;
}

/** What one commit writes: every third takes something away again. */
function write(store: TaskStore, commit: number, time: number): void {
  if (store instanceof TaskKeyValueStore && store.name === 'names') {
    const key = trickyKeys[commit % trickyKeys.length] ?? '';
    store.put(key, { commit, text: key.repeat(3) }, time);
    store.put(`name ${commit}`, { commit }, time);
    if (commit % 3 === 2) store.delete(`name ${commit - 2}`);
  } else if (store instanceof TaskKeyValueStore) {
    // Long keys with control bytes in them, too.
    const key = Buffer.from(Array.from({ length: (commit * 7) % 90 }, (_, i) => (i * commit) % 256));
    store.put(key, Buffer.from([commit, 0, 255]), time);
    if (commit % 5 === 4) store.delete(key);
  } else if (store instanceof TaskWindowStore) {
    store.update(
      `key ${commit % 4}`,
      time - (time % minute),
      time,
      (old: number | undefined) => (old ?? 0) + 1,
    );
  } else if (store instanceof TaskSessionStore) {
    const key = `key ${commit % 4}`;
    store.put(key, time - minute / 2, time, { commit });
    // A session that grows takes the place of what it was.
    if (commit % 3 === 2) {
      store.remove(key, time - minute / 2, time);
      store.put(key, time - minute, time, { commit, grown: true });
    }
  } else if (store instanceof TaskBufferStore) {
    store.put(`key ${commit % 50}`, { commit }, time + ((commit * 7) % 20) * minute, time);
    if (commit % 4 === 3) store.delete(`key ${(commit - 2) % 50}`);
  } else if (store instanceof TaskTimelineStore) {
    const key = `key ${commit % 4}`;
    // Two of one time, one out of order, and one that is replaced.
    store.put(key, { commit }, time);
    store.put(key, { commit, second: true }, time);
    store.put(key, { commit, late: true }, time - 5 * minute);
    store.replace(key, { commit, replaced: 1 }, time - minute);
    store.replace(key, { commit, replaced: 2 }, time - minute);
  } else if (store instanceof TaskExpiringStore) {
    for (let n = commit * 5; n < commit * 5 + 5; n++)
      store.put(idOf(n), { offset: n, fingerprint: n % 2 === 0 ? '' : `f${n}` });
    if (commit === 100) store.deletePrefix(idOf(3).slice(0, idOf(3).indexOf('id')));
  }
}

/** Writes the golden files of this release. */
export async function writeGolden(release: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'streams-golden-'));
  const backend = diskBackend({ folder, log: () => {}, now: () => goldenEnd });
  const golden: Golden = {
    stores: {},
    messages: {
      joinData: writeJoinData(goldenMessages.joinData).toString(),
      assignment: writeAssignment(goldenMessages.assignment).toString(),
      metadata: writeOffsetMetadata(goldenMessages.metadata),
    },
  };
  let time = start;
  const opened = await Promise.all(
    goldenSpecs.map(async (spec) => {
      const state = await openState(spec, backend, { taskId: '0_0', changelogId: spec.name });
      return { store: goldenStore(spec, state, () => time), log: new Changelog() };
    }),
  );
  for (let commit = 0; commit < commits; commit++) {
    time = start + (commit + 1) * minute;
    for (const { store, log } of opened) {
      write(store, commit, time);
      log.commit(store);
      if (commit % 4 === 3) await store.flush();
    }
  }
  for (const { store, log } of opened) {
    await store.flush();
    golden.stores[store.name] = {
      changelog: log.records.map(({ key, value, timestamp }) => ({
        key: key && key.toString('base64'),
        value: value && value.toString('base64'),
        timestamp,
      })),
      contents: contentsOf(store),
    };
    await store.close();
  }
  await backend.close();
  const kept = join(goldenFolder, release);
  mkdirSync(kept, { recursive: true });
  writeFileSync(
    join(kept, 'data.mdb.gz'),
    gzipSync(readFileSync(join(folder, '0_0', 'data.mdb')), { level: 9 }),
  );
  writeFileSync(join(kept, 'stores.golden.json.gz'), gzipSync(JSON.stringify(golden), { level: 9 }));
  rmSync(folder, { recursive: true });
}

/** The golden files of a release: its state in a folder of its own, and what is in it. */
export function readGolden(release: string): { golden: Golden; folder: string } {
  const kept = join(goldenFolder, release);
  const folder = mkdtempSync(join(tmpdir(), 'streams-golden-'));
  mkdirSync(join(folder, '0_0'));
  writeFileSync(join(folder, '0_0', 'data.mdb'), gunzipSync(readFileSync(join(kept, 'data.mdb.gz'))));
  const golden = JSON.parse(
    gunzipSync(readFileSync(join(kept, 'stores.golden.json.gz'))).toString(),
  ) as Golden;
  return { golden, folder };
}

/** The changelog of a store as the broker has it. */
export function recordsOf({ changelog: kept }: Golden['stores'][string]): SourceRecord[] {
  return kept.map(({ key, value, timestamp }, offset) => ({
    offset,
    timestamp,
    key: key === null ? null : Buffer.from(key, 'base64'),
    value: value === null ? null : Buffer.from(value, 'base64'),
    headers: [],
  }));
}

/** A store in memory, restored from a changelog. */
export function restoredStore(spec: StoreSpec, records: readonly SourceRecord[]): TaskStore {
  const store = goldenStore(spec, memoryState(spec), () => goldenEnd);
  store.restore(records, records.length);
  return store;
}
