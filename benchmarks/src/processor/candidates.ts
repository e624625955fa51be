// The programs that the benchmark compares, each as a command.
import { join, resolve } from 'node:path';
import { compileJob } from '../shared/java.ts';

/** What a run is told. */
export interface RunNames {
  brokers: string;
  applicationId: string;
  input: string;
  enriched: string;
  counts: string;
  stateDir: string;
}

/** A program to compare. */
export interface Candidate {
  name: string;
  command: (names: RunNames) => { file: string; args: string[] };
}

const here = import.meta.dirname;

/** Compiles the Java job; returns its class path. */
export function prepareJava(cacheDir: string): string {
  return compileJob(cacheDir, join(here, 'java', 'StreamsJob.java'));
}

/** How the job may be run on Kafka Streams. */
interface JavaSettings {
  dedupe: 'keyvalue' | 'window';
  threads: number;
  state: 'disk' | 'memory';
  collector: 'G1' | 'Parallel';
  transactional: boolean;
}

function java(
  classpath: string,
  { dedupe, threads, state, collector, transactional }: JavaSettings,
): Candidate {
  const settings = [dedupe, state, `${threads}t`, collector, ...(transactional ? ['transactional'] : [])];
  return {
    name: `java-${settings.join('-')}`,
    command: ({ brokers, applicationId, input, enriched, counts, stateDir }) => {
      const names = [brokers, applicationId, input, enriched, counts, stateDir];
      const job = [dedupe, String(threads), state, String(transactional)];
      const flags = ['-Xmx2g', `-XX:+Use${collector}GC`, '-cp', classpath];
      return { file: 'java', args: [...flags, 'StreamsJob', ...names, ...job] };
    },
  };
}

/**
 * Every way to run the job on Kafka Streams: its dedupe in a key-value or a window store, state on disk or in
 * memory, one thread or two, two collectors, stores transactional or not.
 */
export function javaCandidates(classpath: string): Candidate[] {
  const all: Candidate[] = [];
  for (const dedupe of ['keyvalue', 'window'] as const)
    for (const state of ['disk', 'memory'] as const)
      for (const threads of [2, 1])
        for (const collector of ['G1', 'Parallel'] as const)
          for (const transactional of [false, true])
            all.push(java(classpath, { dedupe, threads, state, collector, transactional }));
  return all;
}

function node(
  name: string,
  file: string,
  withState: boolean,
  threads = 1,
  style = 'dsl',
  folder = here,
): Candidate {
  return {
    name,
    command: ({ brokers, applicationId, input, enriched, counts, stateDir }) => ({
      file: process.execPath,
      args: [
        join(folder, file),
        brokers,
        applicationId,
        input,
        enriched,
        counts,
        withState ? stateDir : '',
        String(threads),
        style,
      ],
    }),
  };
}

/** The job on packages/streams, with two threads and state on disk. */
export const ours: Candidate = node('ours', 'ours.ts', true, 2);

/** What is run once beside it: other ways to run ours, and a bare loop without any guarantee. */
export const besides: readonly Candidate[] = [
  node('ours-processors', 'ours.ts', true, 2, 'processors'),
  node('ours-1-thread', 'ours.ts', true),
  node('ours-memory', 'ours.ts', false, 2),
  node('naive-send', 'naive.ts', false),
];

/** Ours as it is in another checkout of this project, by the root of that. */
export function oursOf(other: string): Candidate {
  return node('ours-other', 'ours.ts', true, 2, 'dsl', join(resolve(other), 'benchmarks/src/processor'));
}
