// The programs that run the joins, each as a command.
import { join, resolve } from 'node:path';
import { compileJob } from '../shared/java.ts';
import type { Kind } from './data.ts';

/** What a run is told. */
export interface RunNames {
  brokers: string;
  applicationId: string;
  kind: Kind;
  left: string;
  right: string;
  output: string;
  stateDir: string;
}

/** A program to compare. */
export interface Candidate {
  name: string;
  command: (names: RunNames) => { file: string; args: string[] };
}

const here = import.meta.dirname;

/** How a join may be run on Kafka Streams. */
interface JavaSettings {
  threads: number;
  state: 'disk' | 'memory';
  caching: boolean;
}

function java(classpath: string, { threads, state, caching }: JavaSettings): Candidate {
  const flags = ['-Xmx2g', '-XX:+UseParallelGC', '-cp', classpath, 'JoinsJob'];
  return {
    name: `java-${state}-${threads}t-${caching ? 'cached' : 'uncached'}`,
    command: ({ brokers, applicationId, kind, left, right, output, stateDir }) => ({
      file: 'java',
      args: [
        ...flags,
        brokers,
        applicationId,
        kind,
        left,
        right,
        output,
        stateDir,
        String(threads),
        state,
        String(caching),
      ],
    }),
  };
}

/** Every way to run the joins on Kafka Streams: state on disk or in memory, threads, caching or not. */
export function javaCandidates(cacheDir: string): Candidate[] {
  const classpath = compileJob(cacheDir, join(here, 'java', 'JoinsJob.java'));
  const all: Candidate[] = [];
  for (const state of ['disk', 'memory'] as const)
    for (const threads of [2, 1])
      for (const caching of [true, false]) all.push(java(classpath, { state, threads, caching }));
  return all;
}

function node(name: string, threads: number, withState: boolean, folder = here): Candidate {
  return {
    name,
    command: ({ brokers, applicationId, kind, left, right, output, stateDir }) => ({
      file: process.execPath,
      args: [
        ...(process.env['BENCH_PROFILE'] === undefined
          ? []
          : ['--cpu-prof', `--cpu-prof-dir=${process.env['BENCH_PROFILE']}`]),
        join(folder, 'ours.ts'),
        brokers,
        applicationId,
        kind,
        left,
        right,
        output,
        withState ? stateDir : '',
        String(threads),
      ],
    }),
  };
}

/** The joins on packages/streams, with two threads and state on disk. */
export const ours: Candidate = node('ours', 2, true);

/** What is run once beside it: other ways to run ours. */
export const besides: readonly Candidate[] = [node('ours-1-thread', 1, true), node('ours-memory', 2, false)];

/** Ours as it is in another checkout of this project, by the root of that. */
export function oursOf(other: string): Candidate {
  return node('ours-other', 2, true, join(resolve(other), 'benchmarks/src/joins'));
}
