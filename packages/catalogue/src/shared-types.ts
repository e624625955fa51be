// The catalogue as the threads of a process have it: one thread follows the topic, and shares what it reads.
import { BroadcastChannel } from 'node:worker_threads';
import { isDeleted, type TypeRecord } from '@activity/contracts';

export { typeTaker } from './taken-types.ts';

/** What threads know of a registered type. */
export interface SharedType {
  readonly name: string;
  /** How long its logs are kept, in days of event time; undefined: as the deployment says. */
  readonly retentionDays: number | undefined;
}

/** How a thread gets the catalogue: plain data, so that it can be given to one. */
export interface SharedTypesOptions {
  /** The name of the channel: one a catalogue. */
  channel: string;
  /** What was registered when the thread was started. */
  types: readonly SharedType[];
}

/** The registered types, in one thread. */
export interface SharedTypes {
  get: (name: string) => SharedType | undefined;
}

type Message = { ask: true } | { types: readonly SharedType[] };

/** What is registered, as threads need it. */
export function typesToShare(records: ReadonlyMap<string, TypeRecord>): SharedType[] {
  return [...records.values()].flatMap((record) =>
    isDeleted(record) ? [] : [{ name: record.name, retentionDays: record.retentionDays }],
  );
}

/**
 * Shares a catalogue under a name: with threads that ask, and, when `update` is called, with all. Keeps no
 * process running.
 */
export function shareTypes(
  name: string,
  types: () => readonly SharedType[],
): { update: () => void; close: () => void } {
  const channel = new BroadcastChannel(name);
  function update(): void {
    channel.postMessage({ types: types() } satisfies Message);
  }
  receive(channel, (message) => {
    if ('ask' in message) update();
  });
  return { update, close: () => channel.close() };
}

const open = new Map<string, SharedTypes>();

/** The catalogue of this name, as this thread has it: opened by the first who asks for it, and then kept. */
export function sharedTypes({ channel: name, types: initial }: SharedTypesOptions): SharedTypes {
  const known = open.get(name);
  if (known !== undefined) return known;
  let types = byName(initial);
  const channel = new BroadcastChannel(name);
  receive(channel, (message) => {
    if ('types' in message) types = byName(message.types);
  });
  // Of what has changed since the thread was given its options.
  channel.postMessage({ ask: true } satisfies Message);
  const shared: SharedTypes = { get: (type) => types.get(type) };
  open.set(name, shared);
  return shared;
}

function receive(channel: BroadcastChannel, onMessage: (message: Message) => void): void {
  channel.addEventListener('message', (event) => onMessage((event as MessageEvent).data as Message));
  // A listener keeps a process running.
  channel.unref();
}

function byName(types: readonly SharedType[]): Map<string, SharedType> {
  return new Map(types.map((type) => [type.name, type]));
}
