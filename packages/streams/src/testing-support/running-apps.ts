// Applications on the tests' broker, with kafkajs as the witness: made, watched and closed after each test.
import { connectWitness, uniqueName, type Witness } from '@activity/kafka/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { stringSerde, type Serde } from '../api/serde.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { TopologyModule } from '../runtime/topology-module.ts';
import type { ThreadState } from '../runtime/thread/thread-state.ts';
import { createStreams, type StreamsOptions } from '../start.ts';
import type { Streams } from '../streams.ts';
import type { Topology } from '../topology/topology.ts';
import { lagOf } from './counts-run.ts';
import { topicsOf } from './kill-run.ts';

/** Serdes of text. */
export const strings: { key: Serde<string>; value: Serde<string> } = { key: stringSerde, value: stringSerde };

/** An application with what it has said. */
export interface RunningApp {
  streams: Streams;
  states: ThreadState[];
  errors: string[];
  lines: string[];
}

/** The applications of a test file. */
export interface RunningApps {
  readonly witness: Witness;
  /** Another one for each test. */
  readonly applicationId: string;
  /** An application that is closed when the test ends. */
  create(topology: Topology | TopologyModule, options?: Partial<StreamsOptions>): RunningApp;
  untilRunning(...all: RunningApp[]): Promise<void>;
  /** Waits until everything in a topic, and in the application's own topics, is processed. */
  untilCommitted(input: string): Promise<void>;
  /** The committed values in a topic. */
  valuesIn(topic: string): Promise<(string | null)[]>;
}

/** Waits until a check holds, at most `timeout` milliseconds. */
export async function until(check: () => void | Promise<void>, timeout = 50_000): Promise<void> {
  await vi.waitFor(check, { timeout, interval: 20 });
}

/** Copies `input` to `output`; what `fails` says true of throws. */
export function copying(
  input: string,
  output: string,
  fails: (value: string) => boolean = () => false,
): Topology {
  const builder = new StreamsBuilder();
  builder
    .stream(input, strings)
    .mapValues(
      (value) => {
        if (fails(value)) throw new Error(`cannot take ${value}`);
        return value;
      },
      { value: stringSerde },
    )
    .to(output);
  return builder.build();
}

/**
 * Call it at the top of a test file: it connects the witness before the tests, and closes applications
 * after each.
 */
export function runningApps(brokers: () => string): RunningApps {
  let connected: Witness | undefined;
  let applicationId = '';
  const running: Streams[] = [];
  beforeAll(async () => {
    connected = await connectWitness(brokers());
  });
  afterAll(() => connected?.[Symbol.asyncDispose]());
  beforeEach(() => {
    applicationId = uniqueName('app');
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((streams) => streams.close()));
  });
  const witness = (): Witness => {
    if (!connected) throw new Error('the witness is connected before the first test');
    return connected;
  };
  return {
    get witness() {
      return witness();
    },
    get applicationId() {
      return applicationId;
    },
    create(topology, options = {}) {
      const said: Omit<RunningApp, 'streams'> = { states: [], errors: [], lines: [] };
      const streams = createStreams({
        applicationId,
        topology,
        brokers: [brokers()],
        commitIntervalMs: 30,
        sessionTimeoutMs: 6000,
        onState(state, error) {
          said.states.push(state);
          if (error) said.errors.push(error.message);
        },
        logger: (_level, message) => said.lines.push(message),
        ...options,
      });
      running.push(streams);
      return { streams, ...said };
    },
    untilRunning: (...all) =>
      until(() => expect(all.map(({ streams }) => streams.state)).toEqual(all.map(() => 'RUNNING'))),
    async untilCommitted(input) {
      const topics = await topicsOf(witness(), applicationId, input);
      await until(async () => expect(await lagOf(witness(), applicationId, topics)).toBe(0));
    },
    valuesIn: async (topic) => (await witness().readCommitted(topic)).map(({ value }) => value),
  };
}
