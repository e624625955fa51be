// A topology of sessions, sliding windows, suppress and results on close, for tests with real processes.
import { numberSerde } from '../api/serde.ts';
import { untilTimeLimit, untilWindowCloses } from '../dsl/suppressed.ts';
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import { sessions, sliding, tumbling } from '../dsl/windows.ts';
import type { Topology } from '../topology/topology.ts';
import { strings } from './operator-cases.ts';

/** What the topology writes. */
export const windowOutputs = ['visits', 'final', 'close', 'closed', 'calm'] as const;

/** The topics of one test. */
export type WindowTopics = Record<'input' | (typeof windowOutputs)[number], string>;

/** A record of the input: its event time is in its value, since a broker refuses times that are far ahead. */
export interface WindowRecord {
  key: string;
  value: string;
}

/** Records in bursts, with pauses in which sessions end; some are late. */
export function windowRecords(count: number): WindowRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const time = n * 40 + Math.floor(n / 60) * 1500 - (n % 4 === 0 ? (n * 131) % 1500 : 0);
    return { key: `k${(n * 7) % 5}`, value: `${n}@${Math.max(0, time)}` };
  });
}

/** Builds the topology. */
export default function windowsTopology({ input, ...to }: WindowTopics): Topology {
  const builder = new StreamsBuilder();
  const timestamp = (value: string): number => Number(value.split('@')[1]);
  const stream = builder.stream(input, { ...strings, timestamp });
  const grouped = stream.groupByKey();
  const visits = grouped.windowedBy(sessions({ gap: 500, grace: 300 })).count({ store: 'visits' });
  const counts = { value: numberSerde };
  visits.toStream().to(to.visits, counts);
  visits
    .suppress(untilWindowCloses({ name: 'final' }))
    .toStream()
    .to(to.final, counts);
  const windows = sliding({ timeDifference: 400, grace: 200 });
  grouped.windowedBy(windows).count({ store: 'close' }).toStream().to(to.close, counts);
  const closing = grouped.windowedBy(tumbling({ size: 700, grace: 100 })).emitStrategy('onWindowClose');
  closing.count({ store: 'closed' }).toStream().to(to.closed, counts);
  const rows = stream.toTable({ store: 'rows' });
  rows
    .suppress(untilTimeLimit(600, { name: 'calm', maxRecords: 3 }))
    .toStream()
    .to(to.calm);
  return builder.build();
}
