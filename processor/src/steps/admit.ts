// Admit: lets events on to be processed, hands commands to what carries them out, and sends the rest to the
// dead letters.
import { isoTime, logId, rawPosition, replayedFromHeader, type Marker } from '@activity/contracts';
import {
  sharedTypes,
  typeTaker,
  type SharedTypes,
  type SharedTypesOptions,
} from '@activity/catalogue/shared';
import { partitionOf } from '@activity/kafka/core';
import type {
  KeyValueStore,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  StreamRecord,
  RecordPosition,
} from '@activity/streams';
import {
  isArrivalTime,
  type Incoming,
  type IncomingCommand,
  type IncomingEvent,
  type RefusalReason,
} from '../incoming.ts';
import { erasedByMarker, type UserRecord } from './count.ts';
import { originOf, type Origin } from './origin.ts';
import { peopleStore, type People } from './person.ts';
import { usersStore } from './user.ts';
import { verdictOutput, verdicts, type Verdict } from './verdict.ts';

/** What is let in. */
export interface AdmitOptions {
  /** ACTIVITY_TYPES. */
  activityTypes: readonly string[];
  /** UNKNOWN_TYPES. */
  unknownTypes: 'refuse' | 'take';
  /** The catalogue of types, as the process shares it with its threads. */
  types?: SharedTypesOptions | undefined;
  /** Refuses what comes of a user after their erasure. */
  suppressErased: boolean;
  /** The largest record, headers and key included. */
  maxBytes: number;
}

/** An erasure on its way to what carries it out. */
export interface ErasureCommand {
  id: number;
  userId: string;
  requestedAt: number;
}

/** The outputs beside the events. */
export const markerOutput = 'marker';
export const erasureOutput = 'erasure';

/** See the top of this file. */
export function admit({
  activityTypes,
  unknownTypes,
  types: shared,
  suppressErased,
  maxBytes,
}: AdmitOptions): ProcessorSupplier<string, Incoming, string, IncomingEvent> {
  const isKnown = knownTypes(new Set(activityTypes), unknownTypes, shared && sharedTypes(shared));
  return function createAdmit(): Processor<string, Incoming, string, IncomingEvent> {
    let context: ProcessorContext<string, IncomingEvent>;
    let people: People;
    let users: KeyValueStore<string, UserRecord>;
    let origin: () => Origin;

    function verdict(given: Verdict, { timestamp }: RecordPosition): void {
      context.forwardTo(verdictOutput, { key: '', value: given, timestamp, headers: [] });
    }

    function refuse(reason: RefusalReason | 'suppressed', message: string, position: RecordPosition): void {
      context.deadLetter(reason, message);
      verdict(verdicts.deadLettered, position);
    }

    /** Refuses a record that is not where its user's records are: state and order would be split. */
    function belongs(key: string | undefined, userId: string, position: RecordPosition): boolean {
      const { partition, partitions } = position;
      if (key !== userId) {
        refuse('invalid', 'the key is not the userId', position);
        return false;
      }
      const right = partitions > 0 ? partitionOf(key, partitions) : partition;
      if (right === partition) return true;
      refuse('wrong-partition', `the key belongs to partition ${right} of ${partitions} (murmur2)`, position);
      return false;
    }

    function admitEvent(record: StreamRecord<string, IncomingEvent>, position: RecordPosition): void {
      const { key, value } = record;
      const { userId, activityType, typeVersion } = value.event;
      if (!belongs(key, userId, position)) return;
      if (value.timestamp < 0 || value.receivedAt < 0) {
        const field = value.timestamp < 0 ? 'timestamp' : 'receivedAt';
        return refuse('invalid', `${field}: must not lie before 1970`, position);
      }
      // What the edge has found in its catalogue is registered, whatever this one has by now.
      if (typeVersion === undefined && !isKnown(activityType))
        return refuse('invalid', `activityType: ${activityType} is not known`, position);
      value.erasedBy = people.get(userId)?.erasedBy ?? -1;
      if (wasErasedSince(record)) {
        return refuse('suppressed', 'the user was erased after this record was written first', position);
      }
      if (suppressErased && isSuppressed(value, position)) {
        return refuse('suppressed', 'the user was erased', position);
      }
      context.forward(record);
    }

    /** Whether this is a replay of a record that the user's erasure is behind. */
    function wasErasedSince({ key, headers }: StreamRecord<string, IncomingEvent>): boolean {
      const header = headers.findLast((one) => one.key === replayedFromHeader)?.value;
      if (!header) return false;
      const [partition = NaN, offset = NaN] = Buffer.from(header).toString('latin1').split('/').map(Number);
      const user = key ?? '';
      const by = Math.max(people.get(user)?.erasedBy ?? -1, erasedByMarker(users.get(user)));
      return logId(partition, offset) < by;
    }

    /**
     * Also by an erasure that retention has taken from the raw topic: its marker is still the user's record.
     */
    function isSuppressed(
      { event, erasedBy }: IncomingEvent,
      { partition, offset }: RecordPosition,
    ): boolean {
      const by = erasedBy >= 0 ? erasedBy : erasedByMarker(users.get(event.userId));
      return by >= 0 && logId(partition, offset) > by;
    }

    function admitCommand(
      key: string | undefined,
      { command, requestedAt }: IncomingCommand,
      position: RecordPosition,
    ): void {
      const { partition, offset } = position;
      const by = logId(partition, offset);
      if (requestedAt < 0) return refuse('invalid', 'requestedAt: must not lie before 1970', position);
      if (command.command === 'delete-log') {
        const named = rawPosition(command.id);
        if (named.partition !== partition || named.offset >= offset) {
          return refuse(
            'invalid',
            `id: ${command.id} is not of an earlier record of this partition`,
            position,
          );
        }
        const marker: Marker = { _id: command.id, deletedAt: isoTime(requestedAt), by };
        const id = String(command.id);
        context.forwardTo(markerOutput, { key: id, value: marker, timestamp: requestedAt, headers: [] });
        return verdict({ class: 'command', deletes: named.offset }, position);
      }
      const { userId } = command;
      if (!belongs(key, userId, position)) return;
      const erasure: ErasureCommand = { id: by, userId, requestedAt };
      context.forwardTo(erasureOutput, { key: userId, value: erasure, timestamp: requestedAt, headers: [] });
      verdict(verdicts.erasure, position);
    }

    return {
      init(given) {
        context = given;
        people = given.keyValueStore(peopleStore);
        users = given.keyValueStore(usersStore);
        origin = originOf(given);
      },
      process(record) {
        const position = context.position();
        if (!position) throw new Error('admitting outside of a record');
        if (!isArrivalTime(position.timestamp)) {
          return refuse('invalid', 'the record has no time in Kafka: use LogAppendTime', position);
        }
        origin();
        const value: Incoming | undefined = record.value;
        if (value === undefined) return refuse('invalid', 'there is no value', position);
        if (value.kind === 'refused') return refuse(value.reason, value.message, position);
        if (record.headers.length > 0 && value.bytes + headerBytes(record) > maxBytes) {
          return refuse(
            'too-large',
            `with its headers it has more than the ${maxBytes} bytes that are taken`,
            position,
          );
        }
        if (value.kind === 'event') admitEvent(record as StreamRecord<string, IncomingEvent>, position);
        else admitCommand(record.key, value, position);
      },
    };
  };
}

function knownTypes(
  builtIn: ReadonlySet<string>,
  unknown: AdmitOptions['unknownTypes'],
  catalogue: SharedTypes | undefined,
): (name: string) => boolean {
  const take = typeTaker();
  return (name) =>
    builtIn.has(name) || catalogue?.get(name) !== undefined || (unknown === 'take' && take(name));
}

function headerBytes({ headers }: StreamRecord<string, unknown>): number {
  let bytes = 0;
  for (const { key, value } of headers) bytes += Buffer.byteLength(key) + (value?.length ?? 0);
  return bytes;
}
