// A topology of joins, sessions, suppress and an asynchronous step, for tests with real processes.
import { setTimeout as sleep } from 'node:timers/promises';
import { numberSerde, stringSerde } from '../api/serde.ts';
import { joinWindows } from '../dsl/join-windows.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { untilTimeLimit, untilWindowCloses } from '../dsl/suppressed.ts';
import { sessions } from '../dsl/windows.ts';
import type { JoinWindows } from '../operators/stream-join.ts';
import type { Topology } from '../topology/topology.ts';
import { besideItsSource, strings } from './oracles.ts';

/** What the topology writes in the order of its input, partition by partition. */
export const orderedOutputs = ['met', 'named', 'final', 'calm'] as const;

/** The topics of one test. */
export type JoinTopics = Record<'input' | 'groups' | 'owned' | (typeof orderedOutputs)[number], string> & {
  /** Of the results of calls; without it, none is made: the test driver would wait for them. */
  called?: string;
};

/** What a value of the input is: a view, a click, or a row. */
export type EventKind = 'view' | 'click' | 'row';

/** A record of the input: its kind and its event time are in its value. */
export interface JoinRecord {
  key: string;
  value: string;
}

/** How far views and clicks may be apart. */
export const nearby: JoinWindows = joinWindows({ within: 300, grace: 200 });
const kinds: readonly EventKind[] = ['view', 'click', 'row'];
const groupCount = 7;

/** Views, clicks and rows in bursts, with pauses in which sessions end; some are late. */
export function joinRecords(from: number, to: number, start: number): JoinRecord[] {
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    const late = n % 4 === 0 ? (n * 131) % 700 : 0;
    const time = start + n * 25 + Math.floor(n / 90) * 1500 - late;
    return { key: `k${(n * 7) % 11}`, value: `${kinds[(n * 5) % 3]} ${n} ${(n * 13) % groupCount} ${time}` };
  });
}

/** What is in a value. */
export function readValue(value: string): { kind: EventKind; group: string; time: number } {
  const [kind = '', , group, time] = value.split(' ');
  return { kind: kind as EventKind, group: `g${group}`, time: Number(time) };
}

/** The next values of all groups. */
export function groupRecords(round: number): JoinRecord[] {
  return Array.from({ length: groupCount }, (_, g) => ({ key: `g${g}`, value: `group ${g} as of ${round}` }));
}

/** Makes one text of two. */
export function pair(left: string, right: string | undefined): string {
  return `${left}+${right ?? '-'}`;
}

/** What a call returns for a value. */
export function resultOf(value: string): string {
  return `${value}!`;
}

/** A call that takes some milliseconds, and fails now and then at its first attempt. */
async function call(value: string, attempt: number): Promise<string> {
  await sleep(value.length % 7);
  if (attempt === 1 && value.endsWith('3')) throw new Error('not now');
  return resultOf(value);
}

/** Builds the topology. */
export default function joinsTopology({ input, groups, owned, called, ...to }: JoinTopics): Topology {
  const builder = new StreamsBuilder();
  const events = builder.stream(input, { ...strings, timestamp: (value) => readValue(value).time });
  const of = (kind: EventKind): typeof events => events.filter((value) => value.startsWith(kind));
  const texts = { value: stringSerde, ...besideItsSource };
  const views = of('view');
  views.leftJoin(of('click'), pair, nearby, { name: 'met' }).to(to.met, texts);
  const rows = of('row')
    .groupByKey()
    .reduce((_old, row) => row, { store: 'rows' });
  const named = views.leftJoin(rows, pair, { name: 'named' });
  named.to(to.named, texts);
  if (called !== undefined)
    named
      .mapValuesAsync((value, _key, { attempt }) => call(value, attempt), {
        name: 'call',
        backoff: { from: 5, to: 20 },
        value: stringSerde,
      })
      .to(called, texts);
  events
    .groupByKey()
    .windowedBy(sessions({ gap: 500, grace: 300 }))
    .count({ store: 'visits' })
    .suppress(untilWindowCloses({ name: 'final' }))
    .toStream()
    .to(to.final, { value: numberSerde, ...besideItsSource });
  rows
    .suppress(untilTimeLimit(600, { name: 'calm', maxRecords: 3 }))
    .toStream()
    .to(to.calm, besideItsSource);
  rows
    .join(builder.table(groups, strings), (row) => readValue(row).group, pair, {
      name: 'owned',
      value: stringSerde,
    })
    .toStream()
    .to(owned, strings);
  return builder.build();
}
