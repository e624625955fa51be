// An instance of a service, as far as the catalogue goes, on a broker of a test.
import type { EventType, TypeRecord } from '@activity/contracts';
import { createKafka, type KafkaPort } from '@activity/kafka';
import { TypeChanges } from './change-type.ts';
import { TypesFollower } from './follow-types.ts';

/** One that follows and changes. */
export interface Instance extends AsyncDisposable {
  kafka: KafkaPort;
  follower: TypesFollower;
  changes: TypeChanges;
  /** What it has logged. */
  logged: string[];
  /** The names that have changed, in order. */
  changed: string[];
}

/** Starts one. `through` is what stands between it and the broker. */
export function startInstance(
  broker: string,
  topic: string,
  through: (kafka: KafkaPort) => KafkaPort = (kafka) => kafka,
): Instance {
  const logged: string[] = [];
  const changed: string[] = [];
  const log = {
    info: (_: object, message: string) => void logged.push(message),
    warn: (_: object, message: string) => void logged.push(message),
  };
  const kafka = through(
    createKafka({ brokers: [broker], clientId: 'catalogue-test', requestTimeoutMs: 5_000 }),
  );
  const follower = new TypesFollower({ kafka, topic, log, onChange: (names) => changed.push(...names) });
  follower.start();
  const changes = new TypeChanges({ kafka, topic, follower, now: Date.now, deadlineMs: 20_000 });
  return {
    kafka,
    follower,
    changes,
    logged,
    changed,
    async [Symbol.asyncDispose]() {
      await follower.close();
      await kafka.close();
    },
  };
}

const at = '2026-01-02T03:04:05.678Z';

/** A type in this version, as an edge would write it. */
export function typeOf(name: string, version: number): EventType {
  const versions = [{ version, createdAt: at, by: 'test' }];
  return { name, mode: 'off', revision: version, versions, createdAt: at, updatedAt: at, by: 'test' };
}

/** The next version of a type. */
export function nextOf(name: string, current: TypeRecord | undefined): EventType {
  return typeOf(name, (current?.revision ?? 0) + 1);
}
