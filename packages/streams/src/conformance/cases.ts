// The topologies whose behaviour was recorded from Kafka Streams itself, one for each case of the vectors.
import { StreamsBuilder } from '../dsl/streams-builder.ts';
import type { Topology } from '../topology/topology.ts';
import type { CaseParams, Cases } from './cases/case.ts';
import { cogroupAndSuppress } from './cases/cogroup-and-suppress.ts';
import { countsAndTables } from './cases/counts-and-tables.ts';
import { joins } from './cases/joins.ts';
import { sessionsAndSliding } from './cases/sessions-and-sliding.ts';
import { tablesAndProcessors } from './cases/tables-and-processors.ts';

const cases: Cases = {
  ...countsAndTables,
  ...sessionsAndSliding,
  ...cogroupAndSuppress,
  ...tablesAndProcessors,
  ...joins,
};

/** The cases that there are topologies for. */
export const caseNames: readonly string[] = Object.keys(cases);

/** The topology of a case; undefined where its operators are not there yet. */
export function caseTopology(name: string, params: CaseParams): Topology | undefined {
  const declare = cases[name];
  if (!declare) return undefined;
  const builder = new StreamsBuilder();
  declare(builder, params);
  return builder.build();
}
